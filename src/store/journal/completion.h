#pragma once

#include <variant>

#include "store/store.h"

namespace payswitch::store::journal {

// A verdict that is given once something is durable.
struct VerdictDue {
  Store::AcceptDone done;
  Verdict verdict = Verdict::accepted;
};

// Runs once.
using Completion = std::variant<Store::Done, VerdictDue>;

inline void run(Completion& completion) {
  if (auto* due = std::get_if<VerdictDue>(&completion)) {
    due->done(due->verdict);
  } else {
    std::get<Store::Done>(completion)();
  }
}

}  // namespace payswitch::store::journal
