#include "http/server_deadlines.h"

namespace payswitch::http {

ServerDeadlines::Deadline ServerDeadlines::next(bool has_unsent_bytes,
                                                bool has_unanswered_requests) const {
  if (linger_until_) return {Limit::linger, *linger_until_};
  if (request_began_) return {Limit::request, *request_began_ + read_timeout_};
  if (has_unsent_bytes) return {Limit::write, active_ + idle_timeout_};
  if (!has_unanswered_requests) return {Limit::idle, active_ + idle_timeout_};
  return {};
}

}  // namespace payswitch::http
