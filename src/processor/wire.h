#pragma once

#include <chrono>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "http/client.h"
#include "payment/correlation_id.h"
#include "payment/money.h"
#include "payment/time.h"

// The bodies that go to a processor of dialect "rinha" and come back from it.
namespace payswitch::processor {

// {"correlationId":"…","amount":19.90,"requestedAt":"2025-07-08T12:34:56.789Z"}
// in place of what `out` held; its memory serves again.
void write_payment_body(std::string& out, const payment::CorrelationId& id, payment::Money amount,
                        payment::UtcMs requested_at);

// What a processor's books say of one payment.
struct BookEntry {
  payment::Money amount;
  payment::UtcMs requested_at;
};

// The response to GET /payments/{id}.
enum class NoEntry : std::uint8_t {
  not_found,  // 404: not in the books yet
  no_answer,  // anything else: nothing was learnt
};

// 200 with that id's amount and requestedAt; a 200 that cannot be read, or that names another id,
// is no response.
std::expected<BookEntry, NoEntry> read_entry(
    const payment::CorrelationId& id,
    const std::expected<http::IncomingResponse, http::Failure>& response);

// The response to GET /payments/service-health.
struct HealthReport {
  bool failing = false;
  std::chrono::milliseconds min_response_time{0};
};
std::optional<HealthReport> read_health(
    const std::expected<http::IncomingResponse, http::Failure>& response);

}  // namespace payswitch::processor
