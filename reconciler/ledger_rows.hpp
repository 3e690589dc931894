// Values of the ledger as text, and back. Lines of tab-separated JSON scalars and documents: as
// readable as one JSON document, and five times as fast to read, which every plan has to.
//
//   agreed   COMMIT AT             digits: for the lines that follow; commit 0: none
//            "memory" TAB "2GiB"   path and value
//   drift    "memory" TAB SINCE TAB "by"
//   live     one JSON array of objects
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "reconciler/ledger_view.hpp"

namespace homeostat {

// Times are kept as seconds since 1970.
[[nodiscard]] inline Time time_at(std::int64_t seconds) {
  return Time(std::chrono::seconds(seconds));
}
[[nodiscard]] inline std::int64_t seconds_of(Time time) { return time.time_since_epoch().count(); }

// Commits by the number that stands for them in the ledger.
using CommitNames = std::map<std::int64_t, std::string>;
using CommitNumbers = std::map<std::string, std::int64_t, std::less<>>;

// Decoding fails with a message that says what is wrong, without where; encoding fails on text that
// is not UTF-8. `numbers` holds every commit of `agreed`.
[[nodiscard]] Result<std::string> encode_agreed(const std::vector<Agreed>& agreed,
                                                const CommitNumbers& numbers);
[[nodiscard]] Result<std::vector<Agreed>> decode_agreed(std::string_view text,
                                                        const CommitNames& names);
[[nodiscard]] Result<std::string> encode_drift(const std::vector<OpenDrift>& drift);
[[nodiscard]] Result<std::vector<OpenDrift>> decode_drift(std::string_view text);
[[nodiscard]] Result<std::string> encode_live(const std::vector<LiveResource>& resources);
[[nodiscard]] Result<std::vector<LiveResource>> decode_live(std::string_view text);

[[nodiscard]] std::string_view encode_on_remove(const std::optional<OnRemove>& value);
[[nodiscard]] Result<std::optional<OnRemove>> decode_on_remove(std::string_view text);
// Back from name_of(Action).
[[nodiscard]] Result<Action> decode_action(std::string_view text);

}  // namespace homeostat
