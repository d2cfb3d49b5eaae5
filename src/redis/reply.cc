#include "redis/reply.h"

#include <fmt/format.h>
#include <hiredis/hiredis.h>

#include <cassert>
#include <utility>

namespace payswitch::redis {

namespace {

struct FreeReply {
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};

Reply copy_of(const redisReply& reply) {
  Reply copy;
  const auto text = [&] { return std::string(reply.str, reply.len); };
  switch (reply.type) {
    case REDIS_REPLY_INTEGER:
      copy.kind = Reply::Kind::integer;
      copy.integer = reply.integer;
      break;
    case REDIS_REPLY_STRING:
      copy.kind = Reply::Kind::text;
      copy.text = text();
      break;
    case REDIS_REPLY_STATUS:
      copy.kind = Reply::Kind::status;
      copy.text = text();
      break;
    case REDIS_REPLY_ERROR:
      copy.kind = Reply::Kind::error;
      copy.text = text();
      break;
    case REDIS_REPLY_ARRAY:
      copy.kind = Reply::Kind::array;
      copy.elements.reserve(reply.elements);
      for (std::size_t i = 0; i < reply.elements; ++i) {
        copy.elements.push_back(copy_of(*reply.element[i]));
      }
      break;
    default:
      break;
  }
  return copy;
}

}  // namespace

void ReplyReader::Free::operator()(redisReader* reader) const {
  redisReaderFree(reader);
}

ReplyReader::ReplyReader(std::size_t max_reply_bytes)
    : reader_(redisReaderCreate()), max_reply_bytes_(max_reply_bytes) {
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
  const std::unique_ptr<redisReply, FreeReply> reply(static_cast<redisReply*>(found));
  const std::size_t rest = reader_->len - reader_->pos;
  if (std::exchange(unread_bytes_, rest) - rest > max_reply_bytes_) return too_long();
  return copy_of(*reply);
}

}  // namespace payswitch::redis
