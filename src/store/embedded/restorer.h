#pragma once

#include <expected>
#include <string>

#include "store/archive/file_set.h"
#include "store/embedded/applied.h"
#include "store/embedded/index.h"
#include "store/journal/format.h"

namespace payswitch::store::embedded {

// Applies the records of a journal that is read back to an index. The journal goes on after the
// archive, so what a record speaks of may be there: then it says again what is archived, or it
// contradicts (PROTOCOL 4.5). Waits for the disk.
class Restorer {
 public:
  struct Restored {
    bool changed = true;                  // as in Applied
    const char* contradiction = nullptr;  // as in Applied
    // It speaks of a payment that is neither in the index nor in the archive. That is right when
    // the payment's acceptance went with its segment: then the payment is carried forward later on.
    bool awaits_carried = false;
  };

  // The index has begun after `archive`.
  Restorer(Index& index, archive::FileSet archive);

  // In the order of the journal. An error says for a person which archive file cannot be read, and
  // where.
  std::expected<Restored, std::string> apply(const journal::Record& record, std::uint64_t sequence);

 private:
  std::expected<Applied, std::string> apply_beside_archive(const journal::Record& record,
                                                           std::uint64_t sequence);

  Index& index_;
  const archive::FileSet archive_;
};

}  // namespace payswitch::store::embedded
