#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "platform/disk.h"
#include "store/archive/file.h"
#include "store/counters.h"
#include "store/embedded/engine.h"

namespace payswitch::store::embedded {

// Questions to the archive that wait for the disk, one after the other. There are at most as
// many as clients' unanswered requests. Books that cannot be read are final, as a journal is that
// cannot be written: nobody knows any more what is a replay. Loop thread only.
class PageReader {
 public:
  PageReader(platform::Disk& disk, Counters& counters, journal::Fatal fatal)
      : disk_(disk), counters_(counters), fatal_(std::move(fatal)) {}
  PageReader(const PageReader&) = delete;
  PageReader& operator=(const PageReader&) = delete;

  // `question` gives a Read<...>, on a helper thread; `answer` gets what was read, on the loop.
  template <class Question, class Answer>
  void ask(Question question, Answer answer) {
    ++counters_.page_reads;
    waiting_.push_back([this, question = std::move(question), answer = std::move(answer),
                        alive = std::weak_ptr(alive_)]() mutable {
      auto read = question();
      return platform::Callback(
          [this, read = std::move(read), answer = std::move(answer), alive]() mutable {
            if (alive.expired()) return;
            busy_ = false;
            if (!read) return fatal_("the sealed books cannot be read: " + read.error().damage);
            go_on();
            answer(*read);
          });
    });
    go_on();
  }

 private:
  void go_on() {
    if (busy_ || waiting_.empty()) return;
    busy_ = true;
    auto job = std::move(waiting_.front());
    waiting_.pop_front();
    disk_.look_up(std::move(job));
  }

  platform::Disk& disk_;
  Counters& counters_;
  journal::Fatal fatal_;
  std::deque<platform::Disk::Job> waiting_;
  bool busy_ = false;
  std::shared_ptr<char> alive_ = std::make_shared<char>();  // answers may come after the end
};

}  // namespace payswitch::store::embedded
