#include "store/embedded/check/directory_check.h"

#include <gmock/gmock.h>
#include <xxhash.h>

#include <cerrno>
#include <cstring>
#include <functional>
#include <map>

#include "store/embedded/check/memory_files_fixture.h"
#include "store/embedded/check/report.h"
#include "store/embedded/replay.h"
#include "store/embedded/store_process_fixture.h"
#include "store/journal/record.h"

namespace payswitch::store::embedded::check {
namespace {

using namespace store;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr const char* first = "journal-0000000001";

// A journal of several segments, written by the store itself: `count` payments of 0.01, 0.02, …,
// each third one refused at "default" and settled at "fallback", the last one unanswered.
MemoryFiles real_journal(std::uint32_t count = 60, bool compaction = false) {
  StoreProcess process;
  process.options.compaction = compaction;
  EXPECT_TRUE(process.start());
  for (std::uint32_t n = 1; n <= count; ++n) {
    const Intent carried = intent(1, at(n));
    process.store().accept(acceptance(n, n, carried), [](Verdict) {});
    process.world.run_until_idle();
    if (n == count) break;
    Intent last = carried;
    if (n % 3 == 0) {
      process.store().refuse(test_id(n), {.processor = cheap, .number = 1});
      last = intent(2, at(n), dear);
      process.store().intend(test_id(n), last, [](bool) {});
      process.world.run_until_idle();
    }
    process.store().settle(test_id(n), settlement(last, n), [] {});
    process.world.run_until_idle();
  }
  MemoryFiles files;
  for (const auto& name : *process.disk.list()) files.files[name] = process.disk.content(name);
  files.files["lock"];
  return files;
}

// The same with the past sealed, in several files, and a few segments after them.
MemoryFiles sealed_journal(std::uint32_t count = 60) {
  return real_journal(count, true);
}

std::vector<std::string> sealed_names(const MemoryFiles& files) {
  std::vector<std::string> names;
  for (const auto& [name, content] : files.files) {
    if (archive::segments_in_name(name)) names.push_back(name);
  }
  return names;
}

// One segment with these records, a batch each, as a store with a bug might write it.
MemoryFiles journal_of(const std::vector<journal::Record>& records) {
  const std::uint64_t size = std::max<std::uint64_t>(
      65536, journal::segment_header_bytes + records.size() * journal::block_bytes);
  const auto header = journal::make_segment_header({.number = 1, .size = size});
  const auto begin = std::as_bytes(std::span(&header, 1));
  platform::Bytes file(begin.begin(), begin.end());
  file.resize(journal::segment_header_bytes);
  journal::Chain chain;
  for (const journal::Record& record : records) {
    journal::BatchBuilder batch;
    batch.add(record);
    const auto bytes = batch.finish(chain, at(0));
    file.insert(file.end(), bytes.begin(), bytes.end());
  }
  file.resize(size);
  MemoryFiles files;
  files.files[first] = std::move(file);
  return files;
}

std::expected<Report, std::string> audit(MemoryFiles& files) {
  const lab::World world;
  platform::Progress progress(world, [](const std::string&) {});
  return check_directory(files, progress);
}

std::vector<std::string> findings(MemoryFiles& files) {
  const auto report = audit(files);
  if (!report) return {report.error()};
  std::vector<std::string> lines;
  for (const auto& discrepancy : report->discrepancies) {
    lines.push_back(fmt::format("{} {} {}", discrepancy.place.file, discrepancy.place.offset,
                                discrepancy.text));
  }
  return lines;
}

// What the switch says at its start; empty: it would start.
std::string refusal(MemoryFiles& files) {
  Counters counters;
  Index index(counters);
  Replay replay(index);
  for (const auto& [name, content] : files.files) {
    const auto number = journal::segment_number(name);
    if (!number) continue;
    if (const auto read = replay.read(content, *number); !read) return read.error();
  }
  return "";
}

TEST(Offline, ASoundJournalHasNoFindingsAndItsSumsAreTold) {
  auto files = real_journal();
  const auto report = audit(files);
  ASSERT_TRUE(report) << report.error();
  EXPECT_THAT(report->discrepancies, IsEmpty());
  EXPECT_GT(report->segments, 3u);
  EXPECT_FALSE(report->tear);
  EXPECT_EQ(report->sums.by_state[static_cast<int>(payment::State::settled)], 59u);
  EXPECT_EQ(report->sums.by_state[static_cast<int>(payment::State::attempting)], 1u);
  ASSERT_THAT(report->sums.settled, SizeIs(2));
  EXPECT_EQ(report->sums.settled[1].name, "fallback");
  EXPECT_EQ(report->sums.settled[1].total.count, 19u);
  EXPECT_EQ(report->sums.settled[1].total.cents, 3 * 19 * 20 / 2);
  EXPECT_EQ(report->sums.settled[0].total.cents + report->sums.settled[1].total.cents, 59 * 60 / 2);
  EXPECT_THAT(to_text(*report, "books"), HasSubstr("at fallback: 19 settled, 5.70\n"));
  EXPECT_THAT(to_text(*report, "books"), HasSubstr("\nno findings\n"));
  EXPECT_THAT(to_json(*report, "bo\"oks"),
              HasSubstr(R"({"data":"bo\"oks","sealedFiles":0,"sealedPayments":0,"segments":)"));
}

TEST(Offline, WhereAProcessorWasAndIsAndWhatIsOpenThereIsTold) {
  auto files = journal_of(
      {journal::named_record(0, "default"), journal::named_record(1, "fallback"),
       journal::origin_records(0, "http://a:1")[0], journal::origin_records(0, "http://b:1")[0],
       journal::origin_records(0, "http://b:1")[0],
       journal::accepted_record(acceptance(1, 1990, intent(1, at(1), dear)))});
  auto report = audit(files);
  ASSERT_TRUE(report) << report.error();
  EXPECT_THAT(to_text(*report, "books"),
              HasSubstr("  at default (http://b:1, before at http://a:1): 0 settled, 0.00\n"
                        "  at fallback: 0 settled, 0.00\n"
                        "    sent there and unanswered 1, 19.90\n"));
  EXPECT_THAT(unasked_of(*report, {"default", "fallback"}), IsEmpty());
  report->unasked = unasked_of(*report, {"default"});
  EXPECT_THAT(report->unasked, ElementsAre(UnaskedAt{"fallback", "", {.count = 1, .cents = 1990}}));
  EXPECT_THAT(to_text(*report, "books"),
              HasSubstr("fallback: 1 open payment of 19.90 may be charged there"));
  EXPECT_THAT(to_json(*report, "books"), HasSubstr(R"("origins":["http://a:1","http://b:1"])"));
}

TEST(Offline, ADirectoryWithoutAJournalCannotBeAudited) {
  MemoryFiles files;
  files.files["lock"];
  EXPECT_EQ(audit(files).error(), "there is no journal in this directory");
}

TEST(Offline, AnotherFormatVersionCannotBeAudited) {
  auto files = real_journal(3);
  files.files[first][8] = std::byte{9};
  EXPECT_EQ(audit(files).error(),
            "journal-0000000001 has format version 9, this program reads versions 2 to 3");
}

// Byte by byte, as far as they are used, the audit has a finding where the switch refuses to start,
// at the same place, and none where it starts.
TEST(Offline, Protocol42WhateverByteIsFlippedTheVerdictIsTheSwitchs) {
  const auto whole = real_journal(12);
  const auto untouched = [&] {
    auto files = whole;
    return audit(files)->records;
  }();
  for (const auto& [name, content] : whole.files) {
    for (std::uint64_t offset = 0; offset < content.size(); offset += 11) {
      if (offset >= 8 && offset < 12) continue;  // the format version
      auto files = whole;
      files.flip(name, offset);
      const std::string refused = refusal(files);
      const auto report = audit(files);
      ASSERT_TRUE(report) << name << " " << offset;
      ASSERT_EQ(report->discrepancies.empty(), refused.empty()) << name << " " << offset << refused;
      EXPECT_GT(report->records + 20, untouched) << name << " " << offset;
      if (refused.empty() || offset < journal::segment_header_bytes) continue;
      const auto& place = report->discrepancies.front().place;
      EXPECT_THAT(refused,
                  HasSubstr(fmt::format("{} is damaged at offset {}:", place.file, place.offset)));
    }
  }
}

TEST(Offline, BehindDamageIsReadWhatCanBeRead) {
  auto files = real_journal();
  // The names of the processors are in the first batch.
  files.flip(first, journal::segment_header_bytes + 50);
  const auto report = audit(files);
  ASSERT_TRUE(report) << report.error();
  ASSERT_THAT(report->discrepancies, SizeIs(1));
  EXPECT_EQ(report->discrepancies[0].place, (Place{first, journal::segment_header_bytes}));
  EXPECT_EQ(report->discrepancies[0].text,
            "group 1 is not readable there, but group 2 follows at offset "
            "4608 of journal-0000000001");
  EXPECT_EQ(report->sums.by_state[static_cast<int>(payment::State::settled)], 59u);
  EXPECT_EQ(report->sums.settled[1].name, "processor 1");
  EXPECT_EQ(report->sums.settled[1].total.count, 19u);
}

TEST(Offline, SettlementsOfPaymentsThatCannotBeReadAreSummedUpApart) {
  auto files = real_journal();
  files.flip(first,
             journal::segment_header_bytes + journal::block_bytes + 50);  // the first acceptance
  const auto report = audit(files);
  ASSERT_THAT(report->discrepancies, SizeIs(1));
  EXPECT_EQ(report->sums.unjudged, 1u);
  EXPECT_EQ(report->sums.settled[0].total.count, 39u);
  EXPECT_EQ(report->sums.settled[0].unreadable.count, 1u);
  EXPECT_EQ(report->sums.settled[0].unreadable.cents, 1);
  EXPECT_THAT(to_text(*report, "books"),
              HasSubstr("behind the damage 1 more, 0.01, whose earlier records are lost"));
}

TEST(Offline, ATornTailIsToldAndIsNoFinding) {
  auto files =
      journal_of({journal::named_record(0, "default"), journal::accepted_record(acceptance(1)),
                  journal::accepted_record(acceptance(2))});
  const std::uint64_t last = journal::segment_header_bytes + 2 * journal::block_bytes;
  files.flip(first, last + 50);
  const auto report = audit(files);
  EXPECT_THAT(report->discrepancies, IsEmpty());
  EXPECT_EQ(report->tear, (Place{first, last}));
  EXPECT_EQ(report->sums.by_state[static_cast<int>(payment::State::accepted)], 1u);
  EXPECT_THAT(to_text(*report, "books"), HasSubstr("an unfinished group at the end"));
}

TEST(Offline, ACutOffFileIsReadAsFarAsItGoes) {
  auto files =
      journal_of({journal::named_record(0, "default"), journal::accepted_record(acceptance(1)),
                  journal::accepted_record(acceptance(2))});
  files.files[first].resize(journal::segment_header_bytes + 2 * journal::block_bytes + 100);
  const auto report = audit(files);
  EXPECT_THAT(findings(files), ElementsAre("journal-0000000001 0 is 5220 bytes long, its header "
                                           "says 65536"));
  EXPECT_EQ(report->records, 2u);
  files.files[first].resize(20);
  EXPECT_THAT(findings(files), ElementsAre("journal-0000000001 0 is too short to have a header"));
}

TEST(Offline, AMissingSegmentIsNamedAndTheOthersAreRead) {
  auto files = real_journal();
  files.files.erase("journal-0000000002");
  const auto report = audit(files);
  ASSERT_FALSE(report->discrepancies.empty());
  EXPECT_EQ(report->discrepancies[0].place.file, "journal-0000000002");
  EXPECT_EQ(report->discrepancies[0].text, "is missing, but journal-0000000003 is there");
  EXPECT_GT(report->sums.by_state[static_cast<int>(payment::State::settled)], 40u);
}

TEST(Offline, ARecordThatCannotBeTrueIsNamedByItsOffset) {
  const Intent sent = intent(1, at(1));
  const journal::Record twice = journal::settled_record(test_id(1), settlement(intent(1, at(2))));
  auto files = journal_of({journal::named_record(0, "default"),
                           journal::accepted_record(acceptance(1, 1990, sent)),
                           journal::settled_record(test_id(1), settlement(sent)), twice});
  const auto offset =
      journal::segment_header_bytes + 3 * journal::block_bytes + journal::slot_bytes;
  EXPECT_THAT(findings(files),
              ElementsAre(fmt::format("{} {} a payment settled twice, differently (payment {})",
                                      first, offset, test_id(1).to_string())));
  EXPECT_THAT(refusal(files), HasSubstr(fmt::format("damaged at offset {}", offset)));
}

// The switch takes these at their word: nothing in them contradicts. The sums would be wrong.
TEST(Offline, ATotalThatIsNotWhatWasAcceptedIsAFinding) {
  const Intent sent = intent(1, at(1));
  const auto with = [&](const Settlement& settlement) {
    auto files =
        journal_of({journal::named_record(0, "default"), journal::named_record(1, "fallback"),
                    journal::accepted_record(acceptance(1, 1990, sent)),
                    journal::settled_record(test_id(1), settlement)});
    EXPECT_EQ(refusal(files), "");
    return findings(files);
  };
  EXPECT_THAT(with(settlement(sent)), IsEmpty());
  EXPECT_THAT(with(settlement(sent, 1991)),
              ElementsAre(HasSubstr("accepted with 19.90 and booked with 19.91, and not flagged")));
  EXPECT_THAT(with(settlement(intent(1, at(2)))), ElementsAre(HasSubstr("and not flagged")));
  EXPECT_THAT(with(settlement(intent(1, at(1), dear))),
              ElementsAre(HasSubstr("settled at another processor than it was sent to")));
  auto flagged = settlement(sent, 1991);
  flagged.finding = true;
  EXPECT_THAT(with(flagged),
              ElementsAre(HasSubstr("accepted with 19.90 and booked with 19.91 (payment")));
}

TEST(Offline, WhatASwitchAtWorkChangesBetweenTwoReadsIsNoDamage) {
  const auto later = real_journal();
  auto files = later;
  // The first segment is read before the rest of it, and the next segments, were written.
  for (std::size_t at = 6000; at < files.files[first].size(); ++at) files.files[first][at] = {};
  int reads = 0;
  files.on_read = [&](const std::string&) {
    if (++reads == 2) files.files[first] = later.files.at(first);
  };
  EXPECT_THAT(findings(files), IsEmpty());
  EXPECT_EQ(files.lists, 2);
}

// It writes on between any two reads: what is read is the log as it was at some moment.
TEST(Offline, ASwitchThatWritesFasterThanItIsReadIsReadOnce) {
  const auto later = real_journal();
  std::vector<std::string> segments;
  for (const auto& [name, content] : later.files) {
    if (journal::segment_number(name)) segments.push_back(name);
  }
  ASSERT_GE(segments.size(), 5u);
  auto files = later;
  std::size_t written = 0;
  const auto write_up_to = [&](std::size_t end) {
    std::size_t place = 0;
    for (const auto& name : segments) {
      auto& content = files.files.at(name);
      for (auto at = journal::segment_header_bytes; at < content.size(); ++at, ++place) {
        content[at] = place < end ? later.files.at(name)[at] : std::byte{0};
      }
    }
    written = end;
  };
  const auto of_a_segment = files.files.at(first).size() - journal::segment_header_bytes;
  write_up_to(of_a_segment / 2);
  files.on_read = [&](const std::string&) { write_up_to(written + of_a_segment); };
  const auto report = audit(files);
  ASSERT_TRUE(report) << report.error();
  EXPECT_THAT(report->discrepancies, IsEmpty());
  EXPECT_EQ(files.lists, 1);
  EXPECT_GT(report->records, 5u);
}

TEST(Offline, WhatIsRemovedWhileItIsReadWasOpenedBefore) {
  auto files = sealed_journal();
  const auto whole = audit(files);
  ASSERT_TRUE(whole) << whole.error();
  files.lists = 0;
  files.on_read = [&](const std::string&) { files.files.clear(); };
  const auto report = audit(files);
  ASSERT_TRUE(report) << report.error();
  EXPECT_THAT(report->discrepancies, IsEmpty());
  EXPECT_EQ(report->records, whole->records);
  EXPECT_EQ(files.lists, 1);
}

TEST(Offline, ADirectoryThatNeverHoldsStillIsGivenUp) {
  const auto whole = real_journal();
  auto files = whole;
  std::uint64_t offset = journal::segment_header_bytes + 50;
  files.on_read = [&](const std::string& name) {
    if (name != first) return;
    files.files[first] = whole.files.at(first);
    files.flip(first, offset += journal::block_bytes);
  };
  EXPECT_THAT(audit(files).error(), HasSubstr("was read 5 times and was never the same"));
}

// -- archive files -----------------------------------------------------------------------

TEST(Offline, WhatIsSealedIsReadAndTheJournalBehindIt) {
  auto files = sealed_journal();
  const auto report = audit(files);
  ASSERT_TRUE(report) << report.error();
  EXPECT_THAT(findings(files), IsEmpty());
  EXPECT_GE(report->sealed_files, 2u);
  EXPECT_GT(report->sealed_payments, 20u);
  EXPECT_EQ(report->sums.by_state[static_cast<int>(payment::State::settled)], 59u);
  EXPECT_EQ(report->sums.by_state[static_cast<int>(payment::State::unknown)] +
                report->sums.by_state[static_cast<int>(payment::State::attempting)],
            1u);
  EXPECT_EQ(report->sums.settled[1].total.count, 19u);
  EXPECT_EQ(report->sums.settled[0].total.cents + report->sums.settled[1].total.cents, 59 * 60 / 2);
  EXPECT_THAT(to_text(*report, "books"), HasSubstr("of them in"));
}

// Every byte that says something is covered; the unused end of the last page says nothing.
TEST(Offline, WhateverByteOfAnArchiveFileIsFlippedIsAFinding) {
  const auto whole = sealed_journal();
  const auto name = sealed_names(whole).front();
  const auto size = whole.files.at(name).size();
  for (std::uint64_t offset = 0; offset < size - archive::page_bytes + sizeof(archive::Footer);
       offset += 13) {
    const auto version = size - archive::page_bytes + offsetof(archive::Footer, version);
    if (offset >= version && offset < version + 4) continue;
    auto files = whole;
    files.flip(name, offset);
    const auto report = audit(files);
    ASSERT_TRUE(report) << offset;
    ASSERT_GE(report->discrepancies.size(), 2u) << offset;
    EXPECT_THAT(report->discrepancies.front().text, HasSubstr(name)) << offset;
    EXPECT_THAT(report->discrepancies.back().text, HasSubstr("the journal was not read"));
    EXPECT_EQ(report->records, 0u);
  }
}

TEST(Offline, AnArchiveFileOfAnotherFormatVersionCannotBeAudited) {
  auto files = sealed_journal();
  const auto name = sealed_names(files).front();
  files.flip(name,
             files.files[name].size() - archive::page_bytes + offsetof(archive::Footer, version));
  EXPECT_EQ(audit(files).error(), name + " has another format version than this program reads");
}

// A file that is sound in itself, and whose sums are not those of its payments.
TEST(Offline, ASealedSumThatDoesNotAddUpIsAFinding) {
  auto files = sealed_journal();
  const auto name = sealed_names(files).back();
  auto& bytes = files.files[name];
  archive::Footer footer;
  const auto at = bytes.size() - archive::page_bytes;
  std::memcpy(&footer, &bytes[at], sizeof(footer));
  footer.processor[0].cents_low += 1;
  footer.seal = archive::make_seal(footer);
  footer.checksum = XXH3_64bits(&footer, offsetof(archive::Footer, checksum));
  std::memcpy(&bytes[at], &footer, sizeof(footer));
  const auto lines = findings(files);
  EXPECT_THAT(lines, Contains(HasSubstr("in all at default it says")));
}

TEST(Offline, AMissingArchiveFileIsNamed) {
  auto files = sealed_journal();
  const auto name = sealed_names(files).front();
  files.files.erase(name);
  const auto lines = findings(files);
  ASSERT_THAT(lines, SizeIs(2));
  EXPECT_THAT(lines[0], HasSubstr("the sealed file of segment 1 is missing"));
}

TEST(Offline, AMissingSegmentBehindTheSealedOnesIsNamed) {
  auto files = sealed_journal();
  std::erase_if(files.files, [](const auto& file) { return journal::segment_number(file.first); });
  EXPECT_THAT(findings(files), Contains(HasSubstr("is missing, but sealed-")));
}

// Sealed and removed between the listing and the reading: read again.
TEST(Offline, ASegmentThatIsSealedMeanwhileIsNoDamage) {
  auto files = real_journal();
  const auto later = sealed_journal();
  files.on_read = [&](const std::string&) {
    files.on_read = nullptr;
    files.files = later.files;
  };
  const auto report = audit(files);
  ASSERT_TRUE(report) << report.error();
  EXPECT_THAT(report->discrepancies, IsEmpty());
  EXPECT_GE(report->sealed_files, 2u);
  EXPECT_EQ(report->sums.by_state[static_cast<int>(payment::State::settled)], 59u);
}

TEST(Offline, FindingsAreCountedBeyondThoseThatAreTold) {
  std::vector<journal::Record> records{journal::named_record(0, "default")};
  for (std::uint32_t n = 0; n < max_discrepancies_reported + 1; ++n) {
    records.push_back(journal::parked_record(test_id(n), at(1)));
  }
  auto files = journal_of(records);
  const auto report = audit(files);
  EXPECT_EQ(report->discrepancy_count, max_discrepancies_reported + 1);
  EXPECT_THAT(report->discrepancies, SizeIs(max_discrepancies_reported));
  EXPECT_THAT(to_text(*report, "books"), HasSubstr("  and 1 more\n"));
}

}  // namespace
}  // namespace payswitch::store::embedded::check
