#include "text/quoted.h"

#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>

namespace payswitch::audit {

std::string quoted(std::string_view text) {
  return boost::json::serialize(boost::json::string(text));
}

}  // namespace payswitch::audit
