#include "tools/processor/service.h"

#include <cassert>

#include "tools/processor/routes.h"

namespace payswitch::lab {
namespace {

constexpr std::string_view garbage = "\x16\x03\x01 this is no HTTP answer\r\n\r\n";

Response response_to(PostResponse answer, const Post& post) {
  switch (answer) {
    case PostResponse::taken:
      return {.body = R"({"message":"payment processed successfully"})"};
    case PostResponse::already_booked:
      return {.status = 422, .body = R"({"message":"correlationId already exists"})"};
    case PostResponse::failing:
      return {.status = 500};
    case PostResponse::broken:
      return {.status = 500, .body = R"({"message":"the books could not be reached"})"};
    case PostResponse::status:
      return {.status = post.mischief.status};
    case PostResponse::garbled:
      return {.raw_then_close = garbage};
    case PostResponse::silence:
      return {.raw_then_close = ""};
  }
  assert(false);
  return {};
}

}  // namespace

void Service::handle(const http::Request& request, Respond respond) {
  if (request.method == http::Method::post && request.path == "/payments") {
    take_post(request, std::move(respond));
  } else {
    respond(answer(processor_, request, clock_.now()));
  }
}

void Service::take_post(const http::Request& request, Respond respond) {
  processor_.count_post();
  const auto body = reader_.read(request.body);
  if (!body) {
    respond({.status = 400, .body = message_json(body.error())});
    return;
  }
  Post post{.id = body->id, .entry = body->entry, .mischief = {}, .decided = {}};
  switch (processor_.arrive(post)) {
    case Processor::Admission::run:
      run(post, std::move(respond));
      return;
    case Processor::Admission::wait:
      waiting_.push_back({post, std::move(respond)});
      return;
    case Processor::Admission::turn_away:
      respond({.status = 429, .body = message_json("too many requests")});
      return;
  }
}

void Service::run(Post post, Respond respond) {
  const platform::Duration sleep = processor_.start(post);
  if (sleep == platform::Duration::zero()) {
    finish(post, std::move(respond));
    return;
  }
  timers_.after(sleep, [this, post, respond = std::move(respond)]() mutable {
    finish(post, std::move(respond));
    start_waiting();
  });
}

void Service::finish(const Post& post, Respond respond) {
  respond(response_to(processor_.finish(post), post));
}

void Service::start_waiting() {
  while (processor_.start_waiting()) {
    Waiting next = std::move(waiting_.front());
    waiting_.pop_front();
    run(next.post, std::move(next.respond));
  }
}

}  // namespace payswitch::lab
