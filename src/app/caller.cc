#include "app/caller.h"

#include <fmt/format.h>

#include "http/client_pool.h"
#include "platform/linux/real.h"

namespace payswitch::app {

namespace {

constexpr std::string_view token_field = "X-Rinha-Token";

bool is_put_off(unsigned status) {
  return status == 429 || status == 503;
}

}  // namespace

Caller::Caller(const platform::Clock& clock)
    : clock_(clock),
      work_(context_.get_executor()),
      timers_(platform::make_real_timers(context_, clock)),
      resolver_(platform::make_real_resolver(context_)) {}

Caller::~Caller() = default;

std::expected<reconcile::Reply, std::string> Caller::ask(const reconcile::Question& question) {
  const auto server = server_at(question.url);
  if (!server) return std::unexpected(server.error());
  auto pause_for = first_pause;
  for (int tries = 1;; ++tries) {
    auto reply = exchange(**server, question);
    const bool is_answer = reply && !is_put_off(reply->status);
    if (is_answer || tries == max_tries) return reply;
    pause(pause_for);
    pause_for *= 2;
  }
}

std::expected<Caller::Server*, std::string> Caller::server_at(const std::string& url) {
  if (const auto known = servers_.find(url); known != servers_.end()) return &known->second;
  const auto parsed = text::parse_http_url(url);
  if (!parsed) return std::unexpected(fmt::format("{}: {}", url, parsed.error()));
  Server& server = servers_[url];
  server.url = *parsed;
  server.client = http::make_pool(context_, *timers_, clock_, *resolver_,
                                  {.host = parsed->host,
                                   .port = parsed->port,
                                   .max_connections = 1,
                                   .max_response_bytes = max_response_bytes});
  server.client->listen(
      {.idle = [] {}, .connect_failed = [&server](auto) { server.connect_failed = true; }});
  return &server;
}

// A server may take the connection and close it at once: of that the pool says nothing.
std::optional<http::ConnectionId> Caller::connect(Server& server) {
  server.connect_failed = false;
  server.client->want(1);
  const auto deadline =
      timers_->after(connect_timeout, [&server] { server.connect_failed = true; });
  std::optional<http::ConnectionId> connection = server.client->take();
  while (!connection && !server.connect_failed) {
    context_.run_one();
    connection = server.client->take();
  }
  timers_->cancel(deadline);
  return connection;
}

std::expected<reconcile::Reply, std::string> Caller::exchange(Server& server,
                                                              const reconcile::Question& question) {
  const auto failed = [&](std::string_view why) {
    return std::unexpected(fmt::format("GET {}{}: {}", question.url, question.target, why));
  };
  const auto connection = connect(server);
  if (!connection) return failed("no connection");
  const std::string target = server.url.base_path + question.target;
  const http::Field token{token_field, question.token};
  std::optional<std::expected<reconcile::Reply, http::Failure>> reply;
  server.client->send(*connection,
                      {.method = http::Method::get,
                       .target = target,
                       .fields = {&token, question.token.empty() ? 0u : 1u}},
                      [&reply](const std::expected<http::IncomingResponse, http::Failure>& answer) {
                        if (answer) {
                          reply = reconcile::Reply{answer->status, std::string(answer->body)};
                        } else {
                          reply = std::unexpected(answer.error());
                        }
                      });
  const auto deadline =
      timers_->after(answer_timeout, [&] { server.client->hang_up(*connection); });
  while (!reply) context_.run_one();
  timers_->cancel(deadline);
  if (!*reply) return failed(to_string(reply->error()));
  return std::move(**reply);
}

void Caller::pause(std::chrono::milliseconds span) {
  bool over = false;
  timers_->after(span, [&over] { over = true; });
  while (!over) context_.run_one();
}

}  // namespace payswitch::app
