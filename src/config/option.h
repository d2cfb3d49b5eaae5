#pragma once

#include <expected>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "config/setting.h"

namespace payswitch::config {

using Applied = std::expected<void, std::string>;

// How one option is read and shown. `T` is what it belongs to: the Config, or one processor's
// options.
template <class T>
struct Form {
  std::string wanted;  // "one of fsync, os, memory"
  std::function<Applied(T&, const Value&)> set;
  std::function<std::string(const T&)>
      show;  // as in a TOML file; empty when there is nothing to show
};

// One row of the option table.
template <class T>
struct Option {
  std::string_view path;         // in the file; empty: from the environment only
  std::string_view environment;  // the variable; empty: none
  Form<T> form;
  std::string_view help;
  bool is_repeatable = false;  // the flag may be given several times; each adds
  // Not empty: an act of the operator, and what the flag means without a value. It is a flag only:
  // what is said once must not be said again by a file at each start.
  std::string_view alone = {};
};

// The table. Within one layer later rows win: PORT stands before LISTEN.
std::vector<Option<Config>> options();
// The keys of one [[processor]].
std::vector<Option<processor::Options>> processor_options();

// "limits.open_payments": "--limits.open-payments"
std::string flag_of(std::string_view path);

// "limits.open_payments": "limits"; empty for a key outside any section.
std::string_view section_of(std::string_view path);

}  // namespace payswitch::config
