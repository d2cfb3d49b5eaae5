#include "http/client.h"

namespace payswitch::http {

std::string_view to_string(Failure failure) {
  switch (failure) {
    case Failure::not_sent:
      return "not sent";
    case Failure::cut:
      return "cut";
    case Failure::garbled:
      return "garbled";
    case Failure::hung_up:
      return "hung up";
  }
  return "?";
}

}  // namespace payswitch::http
