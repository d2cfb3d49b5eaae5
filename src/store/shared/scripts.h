#pragma once

#include <vector>

#include "redis/script.h"

namespace payswitch::store::shared {

namespace wire = payswitch::redis;

// The steps of the store on Redis. Each is atomic, touches one slot, names every key in KEYS, reads
// and checks all before its first write, and can be repeated: a step that has been done already
// says so and changes nothing (PROTOCOL 7.1, 7.3). What each returns stands in scripts.cc.
struct Scripts {
  Scripts();

  // One payment.
  wire::Script accept;
  wire::Script intend;
  wire::Script refuse;
  wire::Script mark_unknown;
  wire::Script settle;
  wire::Script park;
  // One shard.
  wire::Script join;
  wire::Script evict;
  wire::Script forget;
  wire::Script take;
  wire::Script sum;
  // The group.
  wire::Script rights;
  wire::Script enroll;
  wire::Script beat;
  wire::Script claim_poll;
  wire::Script tell_health;
  // Facts about the whole store.
  wire::Script unanswered;  // of one shard
  wire::Script place;
  wire::Script keep_facts;

  std::vector<const wire::Script*> all() const;
};

}  // namespace payswitch::store::shared
