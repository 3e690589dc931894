// What a type of notifier tells the loader about itself. The tables stand in reconciler/notify/,
// one beside each type, and are given to the loader like those of provider types.
#pragma once

#include <string>
#include <vector>

#include "specs/schema.hpp"

namespace homeostat {

struct NotifierSchema {
  std::string type = {};  // "telegram"
  std::string doc = {};
  std::vector<FieldSchema> settings = {};  // of its entry in `notifiers:`, beside `type`
};

}  // namespace homeostat
