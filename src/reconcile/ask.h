#pragma once

#include <expected>
#include <functional>
#include <string>

namespace payswitch::reconcile {

struct Question {
  std::string url;     // of the switch or the processor: http://host[:port][/path]
  std::string target;  // below it
  std::string token;   // sent as X-Rinha-Token; empty: not sent
};

struct Reply {
  unsigned status = 0;
  std::string body;
};

// Asks, and waits for the answer; repeats what was not answered, or was put off (429, 503). An
// error is one line for a person: no answer came.
using Ask = std::function<std::expected<Reply, std::string>(const Question& question)>;

}  // namespace payswitch::reconcile
