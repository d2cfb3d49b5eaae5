#include "app/audit_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <functional>

#include "text/duration.h"
#include "text/nearest.h"

namespace payswitch::app {

namespace {

using reconcile::Options;
using Line = std::expected<void, std::string>;

constexpr const char* token_variable = "PROCESSOR_TOKEN";
constexpr const char* usual_token = "123";

struct Flag {
  std::string_view name;
  std::string_view value;  // what it takes, for --help; empty: nothing
  std::string_view help;
  Line (*read)(Options& options, const std::string& value);
};

Line wrong(const std::string& value, std::string_view wanted) {
  return std::unexpected(fmt::format("'{}' is not {}", value, wanted));
}

Line read_time(std::optional<payment::UtcMs>& time, const std::string& value, bool up) {
  const auto parsed = payment::parse_iso8601(value);
  if (!parsed) return wrong(value, "an ISO 8601 time, such as 2025-07-08T12:34:56.789Z");
  time = up ? parsed->rounded_up() : parsed->floor;
  return {};
}

Line read_span(std::optional<std::chrono::milliseconds>& span, const std::string& value) {
  const auto parsed = text::parse_duration(value);
  if (!parsed || parsed->count() == 0) return wrong(value, "a time above 0, such as 1s or 10m");
  span = *parsed;
  return {};
}

// The first line, so that a file may end as files do.
Line read_token(Options& options, const std::string& path) {
  std::ifstream file(path);
  if (!std::getline(file, options.token)) {
    return std::unexpected(fmt::format("cannot read a token from '{}'", path));
  }
  if (options.token.ends_with('\r')) options.token.pop_back();
  const auto is_plain = [](char c) { return c > ' ' && c < 127; };
  if (options.token.empty() || !std::ranges::all_of(options.token, is_plain)) {
    return std::unexpected(fmt::format("the first line of '{}' is no token", path));
  }
  return {};
}

// "a,b"
Line read_processors(Options& options, const std::string& value) {
  options.processors.emplace();
  for (std::size_t begin = 0; begin <= value.size();) {
    const auto end = std::min(value.find(',', begin), value.size());
    if (end == begin) return wrong(value, "a list of names, such as default,fallback");
    options.processors->push_back(value.substr(begin, end - begin));
    begin = end + 1;
  }
  return {};
}

constexpr std::array<Flag, 9> flags{{
    {"--data", "DIR", "audit the journal in this data directory (offline)",
     [](Options& options, const std::string& value) -> Line {
       options.data = value;
       return {};
     }},
    {"--processors", "NAMES",
     "offline: those that are configured (a,b); others must have nothing open", read_processors},
    {"--url", "SWITCH", "compare this switch with its processors (live): http://host:port",
     [](Options& options, const std::string& value) -> Line {
       options.url = value;
       return {};
     }},
    {"--from", "TIME", "live: nothing before this requestedAt (default: 1970)",
     [](Options& options, const std::string& value) {
       return read_time(options.live.from, value, true);
     }},
    {"--to", "TIME", "live: nothing after it (default, and at the latest: 1.5 s ago)",
     [](Options& options, const std::string& value) {
       return read_time(options.live.to, value, false);
     }},
    {"--last", "TIME", "live: in place of --from, so long before the end (10m, 24h)",
     [](Options& options, const std::string& value) {
       return read_span(options.live.last, value);
     }},
    {"--grain", "TIME", "live: sums are compared in windows of this (default: about a thousandth)",
     [](Options& options, const std::string& value) {
       return read_span(options.live.grain, value);
     }},
    {"--token-file", "FILE", "live: the processors' X-Rinha-Token (else PROCESSOR_TOKEN, else 123)",
     read_token},
    {"--json", "", "one JSON document in place of text",
     [](Options& options, const std::string&) -> Line {
       options.json = true;
       return {};
     }},
}};

const Flag* find_flag(std::string_view name) {
  const auto* const found = std::ranges::find(flags, name, &Flag::name);
  return found == flags.end() ? nullptr : found;
}

std::string unknown(std::string_view name) {
  std::vector<std::string_view> known;
  for (const Flag& flag : flags) known.push_back(flag.name);
  const auto meant = text::nearest(name, known);
  return fmt::format("unknown flag '{}'; {}", name,
                     meant ? fmt::format("did you mean '{}'?", *meant)
                           : std::string("see payswitch audit --help"));
}

Line check(const Options& options) {
  if (options.data && options.url) return std::unexpected("audit takes --data or --url, not both");
  if (!options.data && !options.url) {
    return std::unexpected("audit needs --data DIR or --url SWITCH; see payswitch audit --help");
  }
  const auto& live = options.live;
  if (options.data && (live.from || live.to || live.last || live.grain)) {
    return std::unexpected("--from, --to, --last and --grain go with --url");
  }
  if (options.url && options.processors) {
    return std::unexpected("--processors goes with --data");
  }
  if (live.from && live.last) return std::unexpected("audit takes --from or --last, not both");
  return {};
}

}  // namespace

std::expected<Options, std::string> read_audit_flags(std::span<const std::string_view> arguments,
                                                     const config::Environment& environment) {
  Options options;
  options.token = environment(token_variable).value_or(usual_token);
  for (std::size_t at = 0; at < arguments.size(); ++at) {
    const auto equals = arguments[at].find('=');
    const std::string_view name = arguments[at].substr(0, equals);
    const Flag* const flag = find_flag(name);
    if (flag == nullptr) return std::unexpected(unknown(name));
    std::string value;
    if (equals != name.npos) {
      value = arguments[at].substr(equals + 1);
    } else if (!flag->value.empty() && at + 1 < arguments.size()) {
      value = arguments[++at];
    }
    if (value.empty() != flag->value.empty()) {
      return std::unexpected(
          fmt::format("{} takes {}", name, flag->value.empty() ? "no value" : flag->value));
    }
    if (auto read = flag->read(options, value); !read) {
      return std::unexpected(fmt::format("{}: {}", name, read.error()));
    }
  }
  if (auto sound = check(options); !sound) return std::unexpected(sound.error());
  return options;
}

std::string audit_help() {
  std::string text =
      "Usage: payswitch audit --data DIR | --url SWITCH [flags]\n"
      "\n"
      "Our books against themselves (--data), or against the processors' (--url).\n"
      "Exit code: 0 equal, 1 findings, 2 could not ask, 3 equal, but payments are open at\n"
      "processors that are not configured. Changes nothing anywhere.\n"
      "\n";
  for (const Flag& flag : flags) {
    text += fmt::format("  {:<20} {}\n", fmt::format("{} {}", flag.name, flag.value), flag.help);
  }
  return text;
}

}  // namespace payswitch::app
