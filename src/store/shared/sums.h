#pragma once

#include <string>
#include <vector>

#include "books/books.h"
#include "redis/reply.h"
#include "store/store.h"

// The script `sum`: how it is asked, and what it says. Pure.
namespace payswitch::store::shared {

std::vector<std::string> sum_keys(unsigned shard, std::size_t processors);
std::vector<std::string> sum_arguments(const books::Window& window);

// Adds what one shard holds. False: that is no answer to what was asked.
bool add_to(Summary& summary, const payswitch::redis::Reply& said);

}  // namespace payswitch::store::shared
