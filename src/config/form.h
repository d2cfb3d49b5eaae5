#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "config/option.h"
#include "config/read_value.h"
#include "text/json_string.h"

// The forms that options come in. Each takes `access`, which gives the member to fill:
// [](auto& c) -> auto& { return c.server.max_connections; }
namespace payswitch::config {

// Assigns what was read, or passes its error on.
template <class Read, class Assign>
Applied assign(Read read, Assign to) {
  if (!read) return std::unexpected(std::move(read.error()));
  to(*std::move(read));
  return {};
}

template <class T, class Access>
using Member = std::remove_cvref_t<std::invoke_result_t<Access, T&>>;

template <class T, class Access>
Form<T> count(Access access, std::uint64_t min, std::uint64_t max) {
  const auto set = [=](T& target, const Value& value) {
    return assign(read_count(value, min, max), [&](std::uint64_t number) {
      access(target) = static_cast<Member<T, Access>>(number);
    });
  };
  const auto show = [=](const T& target) { return fmt::format("{}", access(target)); };
  return {count_form(min, max), set, show};
}

// A count that may be left unset.
template <class T, class Access>
Form<T> optional_count(Access access, std::uint64_t min, std::uint64_t max) {
  const auto set = [=](T& target, const Value& value) {
    return assign(read_count(value, min, max),
                  [&](std::uint64_t number) { access(target) = number; });
  };
  const auto show = [=](const T& target) {
    const auto& member = access(target);
    return member ? fmt::format("{}", *member) : std::string();
  };
  return {count_form(min, max), set, show};
}

template <class T, class Access>
Form<T> duration(Access access, platform::Duration min, platform::Duration max) {
  const auto set = [=](T& target, const Value& value) {
    return assign(read_duration(value, min, max), [&](platform::Duration duration) {
      auto& member = access(target);
      member = std::chrono::duration_cast<Member<T, Access>>(duration);
    });
  };
  const auto show = [=](const T& target) {
    return fmt::format("\"{}\"", show_duration(access(target)));
  };
  return {duration_form(min, max), set, show};
}

// A duration that may be left unset.
template <class T, class Access>
Form<T> optional_duration(Access access, platform::Duration min, platform::Duration max) {
  const auto set = [=](T& target, const Value& value) {
    return assign(read_duration(value, min, max), [&](platform::Duration duration) {
      access(target) = std::chrono::duration_cast<std::chrono::milliseconds>(duration);
    });
  };
  const auto show = [=](const T& target) {
    const auto& member = access(target);
    return member ? fmt::format("\"{}\"", show_duration(*member)) : std::string();
  };
  return {duration_form(min, max), set, show};
}

template <class T, class Access>
Form<T> share(Access access) {
  const auto set = [=](T& target, const Value& value) {
    return assign(read_share(value), [&](double number) { access(target) = number; });
  };
  const auto show = [=](const T& target) { return fmt::format("{}", access(target)); };
  return {share_form(), set, show};
}

// A text with rules of its own: `set(target, text)` answers with an Applied.
template <class T, class Set, class Show>
Form<T> text(std::string wanted, Set set, Show show) {
  const auto set_text = [=](T& target, const Value& value) -> Applied {
    auto read = read_text(value);
    if (!read) return std::unexpected(std::move(read.error()));
    return set(target, *read);
  };
  const auto show_text = [=](const T& target) { return text::json_string(show(target)); };
  return {std::move(wanted), set_text, show_text};
}

template <class Value>
using Choices = std::vector<std::pair<std::string_view, Value>>;

template <class T, class Access>
Form<T> choice(Access access, const Choices<Member<T, Access>>& choices) {
  std::vector<std::string_view> names;
  for (const auto& [name, value] : choices) names.push_back(name);
  const std::string wanted = fmt::format("one of {}", fmt::join(names, ", "));
  const auto set = [=](T& target, const std::string& chosen) -> Applied {
    for (const auto& [name, value] : choices) {
      if (name != chosen) continue;
      access(target) = value;
      return {};
    }
    return std::unexpected(fmt::format("'{}' is not {}", chosen, wanted));
  };
  const auto show = [=](const T& target) {
    for (const auto& [name, value] : choices) {
      if (value == access(target)) return name;
    }
    return std::string_view();
  };
  return text<T>(wanted, set, show);
}

}  // namespace payswitch::config
