#pragma once

namespace payswitch::platform {

struct DiskOptions {
  // Appends go past the page cache through io_uring, where kernel and file system offer it. False,
  // or not offered: a thread writes and syncs.
  bool io_uring = true;
};

}  // namespace payswitch::platform
