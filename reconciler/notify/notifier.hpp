// Who tells people: the types of notifiers, and how one is opened. A notifier delivers one message,
// once; repeating is the outbox's.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "providers/core/timing.hpp"
#include "reconciler/notify/message.hpp"
#include "specs/notifier_schema.hpp"

namespace homeostat {

// What a notifier is opened with. Lives for the call only.
struct NotifierContext {
  const std::string& name;     // of the instance, for log and messages
  const Attributes& settings;  // of its entry, with references and secrets filled in
  const std::string& folder;   // the spec's: relative paths start there; "" = none
  Timing timing = {};          // empty functions: the real clock
};

// Connects to nothing. Errors: an unknown type, and settings that cannot be, in the words of
// canonical_value(). What comes out is safe to use with any text: bytes that are not UTF-8 and
// control characters are taken out of the message, and no error holds a value of a secret setting.
[[nodiscard]] Result<std::unique_ptr<Notifier>> open_notifier(const std::string& type,
                                                              const NotifierContext& context);

// One a type, sorted by type.
[[nodiscard]] std::span<const NotifierSchema> notifier_schemas();

}  // namespace homeostat
