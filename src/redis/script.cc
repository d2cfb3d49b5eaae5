#include "redis/script.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>
#include <cassert>

namespace payswitch::redis {

Script::Script(std::string_view source) : source_(source) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  [[maybe_unused]] const int done =
      EVP_Digest(source.data(), source.size(), digest.data(), &length, EVP_sha1(), nullptr);
  assert(done == 1);
  for (unsigned i = 0; i < length; ++i) hash_ += fmt::format("{:02x}", digest[i]);
}

}  // namespace payswitch::redis
