#include "testing/world/life.h"

#include <utility>

namespace payswitch::lab {

void Life::run(const std::weak_ptr<Waiting>& waiting, std::uint64_t key) {
  const auto alive = waiting.lock();
  if (!alive) return;
  if (alive->is_asleep) return alive->overdue.push_back(key);
  auto entry = alive->entries.extract(key);
  if (!entry.empty()) entry.mapped().callback();
}

void Life::post(platform::Callback callback) {
  const std::uint64_t key = waiting_->next++;
  waiting_->entries.emplace(key, Entry{std::move(callback)});
  world_.post([waiting = std::weak_ptr(waiting_), key] { run(waiting, key); });
}

platform::TimerId Life::after(platform::Duration delay, platform::Callback callback) {
  const std::uint64_t key = waiting_->next++;
  const auto timer =
      world_.after(delay, [waiting = std::weak_ptr(waiting_), key] { run(waiting, key); });
  waiting_->entries.emplace(key, Entry{std::move(callback), timer});
  return platform::TimerId{key};
}

void Life::cancel(platform::TimerId timer) {
  const auto entry = waiting_->entries.find(static_cast<std::uint64_t>(timer));
  if (entry == waiting_->entries.end()) return;
  world_.cancel(entry->second.timer);
  waiting_->entries.erase(entry);
}

void Life::wake_up() {
  waiting_->is_asleep = false;
  for (const std::uint64_t key : std::exchange(waiting_->overdue, {})) {
    world_.post([waiting = std::weak_ptr(waiting_), key] { run(waiting, key); });
  }
}

void Life::end() {
  const auto ended = std::move(waiting_);
  waiting_ = std::make_shared<Waiting>();
  for (const auto& [key, entry] : ended->entries) world_.cancel(entry.timer);
}

}  // namespace payswitch::lab
