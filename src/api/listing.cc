#include "api/listing.h"

#include <fmt/format.h>

#include "api/payment_json.h"
#include "api/query.h"
#include "api/unavailable.h"
#include "api/window.h"

namespace payswitch::api {

namespace {

// Cursors are plain ASCII without quotes.
std::string page_json(const store::Page& page, const std::vector<std::string>& names) {
  std::string payments;
  for (const store::PaymentView& view : page.payments) {
    if (!payments.empty()) payments += ',';
    payments += to_json(view, names);
  }
  const std::string next = page.next.empty() ? "null" : fmt::format("\"{}\"", page.next);
  return fmt::format(R"({{"payments":[{}],"next":{}}})", payments, next);
}

}  // namespace

void Listing::operator()(const http::Request& request, http::Responder respond) {
  const auto window = read_window(request.query);
  if (!window) return respond_with_problem(std::move(respond), window.error());
  const auto cursor = query_parameter(request.query, "cursor");
  if (!cursor) return respond_with_problem(std::move(respond), cursor.error());
  store_.list(*window, cursor->value_or(""),
              [this, respond = std::move(respond)](const store::Store::Listed& listed) mutable {
                if (!listed) return answer_unavailable(std::move(respond), {});
                const auto& page = *listed;
                if (!page) {
                  return respond_with_problem(
                      std::move(respond),
                      invalid_parameter("cursor", "is not a cursor of this list"));
                }
                respond({.body = page_json(*page, store_.names()), .fields = {}});
              });
}

}  // namespace payswitch::api
