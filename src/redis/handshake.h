#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "redis/address.h"
#include "redis/client.h"

namespace payswitch::redis {

// What is said on a new connection before anybody else may speak, and what the replies mean. Pure.
class Handshake {
 public:
  Handshake(const Address& address, const std::vector<const Script*>& scripts);

  // All of them can be sent at once.
  const std::vector<std::vector<std::string>>& commands() const { return commands_; }

  // The reply to commands()[index]. An error ends the connection: one line for a person.
  std::expected<void, std::string> reply(std::size_t index, const Reply& reply);

  const Server& server() const { return server_; }

 private:
  enum class Step : std::uint8_t { login, select, info, settings, script };

  void say(Step step, std::vector<std::string> words);
  void read_settings(const Reply& reply);

  std::vector<std::vector<std::string>> commands_;
  std::vector<Step> steps_;
  Server server_;
};

// The value of a line "name:value" of INFO; empty when there is none.
std::string_view info_field(std::string_view info, std::string_view name);

}  // namespace payswitch::redis
