#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "platform/disk.h"
#include "platform/lifetime.h"
#include "store/archive/file.h"
#include "store/counters.h"
#include "store/journal/start.h"

namespace payswitch::store::embedded {

// Questions to the archive that wait for the disk, one after the other. There are at most as many
// as clients' unanswered requests. An archive that cannot be read is final, like a journal that
// cannot be written: what is a replay is not known any more. Loop thread only.
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
    auto answered = lifetime_.guard([this, answer = std::move(answer)](auto read) mutable {
      busy_ = false;
      if (!read) return fatal_("the sealed books cannot be read: " + read.error().damage);
      go_on();
      answer(*read);
    });
    waiting_.push_back([question = std::move(question), answered = std::move(answered)]() mutable {
      return platform::Callback([read = question(), answered = std::move(answered)]() mutable {
        answered(std::move(read));
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
  platform::Lifetime lifetime_;
};

}  // namespace payswitch::store::embedded
