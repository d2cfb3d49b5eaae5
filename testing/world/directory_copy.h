#pragma once

#include <map>
#include <string>

#include "testing/world/disk.h"

namespace payswitch::lab {

// The files of a data directory at one moment, as `cp -a` reads them while the process is down.
using DirectoryCopy = std::map<std::string, platform::Bytes>;

inline DirectoryCopy copy_of(VirtualDisk& disk) {
  DirectoryCopy copy;
  for (const std::string& name : disk.list().value()) copy.emplace(name, disk.content(name));
  return copy;
}

// Another directory takes the place of what is there: the copy, synced. No process may use the
// disk.
inline void restore(VirtualDisk& disk, const DirectoryCopy& copy) {
  for (const std::string& name : disk.list().value()) disk.remove(name).value();
  // With what a copy that was cut off may have left; it makes the removals durable, too.
  disk.put("journal-0000000001.tmp", {});
  for (const auto& [name, content] : copy) disk.put(name, content);
}

}  // namespace payswitch::lab
