#include "store/embedded/restorer.h"

#include <utility>

#include "store/journal/record.h"

namespace payswitch::store::embedded {

namespace {

bool begins_a_payment(const journal::Record& record) {
  return record.type == journal::RecordType::accepted ||
         record.type == journal::RecordType::carried_forward;
}

}  // namespace

Restorer::Restorer(Index& index, archive::FileSet archive)
    : index_(index), archive_(std::move(archive)) {}

std::expected<Restorer::Restored, std::string> Restorer::apply(const journal::Record& record,
                                                               std::uint64_t sequence) {
  if (archive_.empty()) {
    const Applied applied = index_.apply(record, sequence);
    return Restored{.changed = applied.changed, .contradiction = applied.contradiction};
  }
  const auto applied = apply_beside_archive(record, sequence);
  if (!applied) return std::unexpected(applied.error());
  const bool may_be_carried_later = applied->is_of_no_payment &&
                                    record.type != journal::RecordType::settled &&
                                    !journal::continues(record);
  if (may_be_carried_later) return Restored{.changed = false, .awaits_carried = true};
  return Restored{.changed = applied->changed, .contradiction = applied->contradiction};
}

// A payment that begins is looked for in the archive first, for the index would take it for a new
// one. Any other record changes nothing in the index when its payment is not there.
std::expected<Applied, std::string> Restorer::apply_beside_archive(const journal::Record& record,
                                                                   std::uint64_t sequence) {
  const auto id = journal::id_of(record);
  if (!begins_a_payment(record)) {
    const Applied applied = index_.apply(record, sequence);
    if (!applied.is_of_no_payment) return applied;
    const auto archived = archive_.find(id, archive::Wait::yes);
    if (!archived) return std::unexpected(archived.error().damage);
    return *archived ? index_.apply_archived(record, sequence, **archived) : applied;
  }
  if (!index_.known(id)) {
    const auto archived = archive_.find(id, archive::Wait::yes);
    if (!archived) return std::unexpected(archived.error().damage);
    if (*archived) return index_.apply_archived(record, sequence, **archived);
  }
  return index_.apply(record, sequence);
}

}  // namespace payswitch::store::embedded
