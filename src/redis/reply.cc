#include "redis/reply.h"

#include <fmt/format.h>
#include <hiredis/hiredis.h>

#include <cassert>
#include <utility>

namespace payswitch::redis {

namespace {

// hiredis calls these while it reads. Its own take room for as many elements as an array says it
// has, before one of them is here: 16 GiB for a line of 13 bytes. Ours grows with what comes.
void* place(const redisReadTask* task, Reply reply) {
  if (task->parent == nullptr) return std::make_unique<Reply>(std::move(reply)).release();
  auto& siblings = static_cast<Reply*>(task->parent->obj)->elements;
  // A reader holds no pointer into `siblings` any more: the one before is whole.
  return &siblings.emplace_back(std::move(reply));
}

void* make_text(const redisReadTask* task, char* text, std::size_t length) {
  Reply reply{.kind = Reply::Kind::text, .integer = 0, .text{text, length}, .elements = {}};
  if (task->type == REDIS_REPLY_STATUS) reply.kind = Reply::Kind::status;
  if (task->type == REDIS_REPLY_ERROR) reply.kind = Reply::Kind::error;
  return place(task, std::move(reply));
}

void* make_array(const redisReadTask* task, int) {
  return place(task, {.kind = Reply::Kind::array, .integer = 0, .text = {}, .elements = {}});
}

void* make_integer(const redisReadTask* task, long long value) {
  return place(task, {.kind = Reply::Kind::integer, .integer = value, .text = {}, .elements = {}});
}

void* make_nil(const redisReadTask* task) {
  return place(task, {});
}

void free_reply(void* reply) {
  delete static_cast<Reply*>(reply);
}

redisReader* make_reader() {
  // hiredis wants it without const, and changes nothing in it.
  static redisReplyObjectFunctions functions{.createString = make_text,
                                             .createArray = make_array,
                                             .createInteger = make_integer,
                                             .createNil = make_nil,
                                             .freeObject = free_reply};
  return redisReaderCreateWithFunctions(&functions);
}

}  // namespace

void ReplyReader::Free::operator()(redisReader* reader) const {
  redisReaderFree(reader);
}

ReplyReader::ReplyReader(std::size_t max_reply_bytes)
    : reader_(make_reader()), max_reply_bytes_(max_reply_bytes) {
  assert(reader_);
}

ReplyReader::~ReplyReader() = default;
ReplyReader::ReplyReader(ReplyReader&&) noexcept = default;
ReplyReader& ReplyReader::operator=(ReplyReader&&) noexcept = default;

void ReplyReader::feed(std::span<const char> bytes) {
  unread_bytes_ += bytes.size();
  redisReaderFeed(reader_.get(), bytes.data(), bytes.size());
}

std::unexpected<std::string> ReplyReader::too_long() const {
  return std::unexpected(fmt::format("a reply of more than {} bytes", max_reply_bytes_));
}

std::expected<std::optional<Reply>, std::string> ReplyReader::next() {
  void* found = nullptr;
  if (redisReaderGetReply(reader_.get(), &found) != REDIS_OK) {
    return std::unexpected(fmt::format("not a reply: {}", reader_->errstr));
  }
  if (found == nullptr) {
    if (unread_bytes_ <= max_reply_bytes_) return std::nullopt;
    return too_long();
  }
  const std::unique_ptr<Reply> reply(static_cast<Reply*>(found));
  const std::size_t rest = reader_->len - reader_->pos;
  if (std::exchange(unread_bytes_, rest) - rest > max_reply_bytes_) return too_long();
  return std::move(*reply);
}

}  // namespace payswitch::redis
