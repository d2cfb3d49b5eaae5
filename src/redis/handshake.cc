#include "redis/handshake.h"

#include <fmt/format.h>

#include <utility>

#include "text/number.h"

namespace payswitch::redis {

namespace {

std::uint64_t number_of(std::string_view info, std::string_view name) {
  return text::parse_number<std::uint64_t>(info_field(info, name)).value_or(0);
}

}  // namespace

Handshake::Handshake(const Address& address, const std::vector<const Script*>& scripts) {
  if (!address.password.empty()) {
    std::vector<std::string> login{"AUTH"};
    if (!address.user.empty()) login.push_back(address.user);
    login.push_back(address.password);
    say(Step::login, std::move(login));
  }
  if (address.database != 0) say(Step::select, {"SELECT", std::to_string(address.database)});
  say(Step::info, {"INFO"});
  say(Step::settings, {"CONFIG", "GET", "append*"});
  say(Step::settings, {"CONFIG", "GET", "maxmemory-policy"});
  for (const Script* script : scripts) say(Step::script, {"SCRIPT", "LOAD", script->source()});
}

void Handshake::say(Step step, std::vector<std::string> words) {
  steps_.push_back(step);
  commands_.push_back(std::move(words));
}

std::expected<void, std::string> Handshake::reply(std::size_t index, const Reply& reply) {
  // A Redis that is managed by others may forbid CONFIG: then nothing is known of its settings.
  if (steps_[index] == Step::settings) {
    read_settings(reply);
    return {};
  }
  if (reply.is_error()) {
    return std::unexpected(fmt::format("{} is refused: {}", commands_[index][0], reply.text));
  }
  if (steps_[index] == Step::info) {
    server_.run_id = info_field(reply.text, "run_id");
    server_.version = info_field(reply.text, "redis_version");
    server_.role = info_field(reply.text, "role");
    server_.replicas = number_of(reply.text, "connected_slaves");
    server_.uptime = std::chrono::seconds(number_of(reply.text, "uptime_in_seconds"));
    server_.maxmemory = number_of(reply.text, "maxmemory");
    server_.used_memory = number_of(reply.text, "used_memory");
    if (server_.run_id.empty()) return std::unexpected("INFO names no run_id: not a Redis");
  }
  return {};
}

void Handshake::read_settings(const Reply& reply) {
  for (std::size_t i = 0; i + 1 < reply.elements.size(); i += 2) {
    const std::string& name = reply.elements[i].text;
    const std::string& value = reply.elements[i + 1].text;
    if (name == "appendonly") server_.appendonly = value;
    if (name == "appendfsync") server_.appendfsync = value;
    if (name == "maxmemory-policy") server_.maxmemory_policy = value;
  }
}

std::string_view info_field(std::string_view info, std::string_view name) {
  while (!info.empty()) {
    const auto end = std::min(info.find("\r\n"), info.size());
    const std::string_view line = info.substr(0, end);
    info.remove_prefix(std::min(end + 2, info.size()));
    if (line.size() > name.size() && line.starts_with(name) && line[name.size()] == ':') {
      return line.substr(name.size() + 1);
    }
  }
  return {};
}

}  // namespace payswitch::redis
