#pragma once

#include <functional>

#include "platform/progress.h"
#include "store/archive/file_set.h"
#include "store/embedded/check/discrepancy.h"

namespace payswitch::store::embedded::check {

// Archive files against themselves: every checksum and seal, the order of the payments, each of
// them once, filter and tables, every sum against the payments that it is made of. FileSet::load()
// has seen to the chain. Blocks. False: something is damaged, so that what follows cannot be judged
// by it; a payment that was booked otherwise than it was sent is a discrepancy and no damage.
bool audit_archive(const archive::FileSet& archived, platform::Progress& progress,
                   const std::function<void(Discrepancy)>& note);

}  // namespace payswitch::store::embedded::check
