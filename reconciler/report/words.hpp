// How a plan's values, times, addresses and causes are said. The same words in text and Markdown.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "reconciler/report/report.hpp"

namespace homeostat {

// What a terminal may colour; the words say the same without.
enum class Tone : std::uint8_t { plain, quiet, good, change, drift, bad };

struct Words {
  std::string text;
  Tone tone = Tone::plain;
};

// Plan and drift report say the same difference from two sides: "2GiB -> 4GiB" is what will be
// done, "is 2GiB, should be 4GiB" what was found.
enum class Voice : std::uint8_t { plan, drift };

// The day and the zone in which times are said.
struct Day {
  Time today = {};
  int utc_offset_minutes = 0;
};
// "13:41"; "19 Nov 13:41" where that is another day.
[[nodiscard]] std::string moment_words(const Day& day, Time time, bool seconds = false);

// What wording depends on besides the thing itself. Lives for one rendering.
class Phrasing {
 public:
  Phrasing(const Plan& plan, const Spec& spec, const TextStyle& style, Voice voice);

  const Plan& plan;
  const Spec& spec;
  const TextStyle& style;
  const Voice voice;

  // Provider and site only where more than one could be meant.
  [[nodiscard]] std::string address(const Address& address) const;
  [[nodiscard]] const Day& day() const { return day_; }
  [[nodiscard]] std::string addresses(const std::vector<Address>& addresses) const;
  // As moment_words(), of the day of the plan.
  [[nodiscard]] std::string moment(Time time, bool seconds = false) const {
    return moment_words(day_, time, seconds);
  }
  [[nodiscard]] std::string place(const std::vector<Origin>& lines) const;

  // In a plan: not what is unmanaged, nor an orphan that a row of its own tells of.
  [[nodiscard]] bool worth_saying(const Finding& finding) const;
  [[nodiscard]] std::string finding(const Finding& finding) const;

  [[nodiscard]] Words cause(const FieldDiff& field) const;
  [[nodiscard]] Words cause(const Change& change) const;

 private:
  // "git", "uncommitted", or "spec" where there is no git; where git did not move, what did.
  [[nodiscard]] std::string word(const std::optional<Provenance>& provenance) const;
  // " 3f2a91c forgejo.yaml:4 Ana"; " since 3f2a91c forgejo.yaml:4" where no commit can be told
  [[nodiscard]] std::string git_words(const std::optional<Provenance>& provenance,
                                      const std::vector<Origin>& lines) const;
  [[nodiscard]] std::string since(const std::optional<Time>& time, const std::string& by) const;
  [[nodiscard]] Words cause(Cause cause, const std::optional<Provenance>& provenance,
                            const std::vector<Origin>& lines, const std::string& drift) const;

  std::set<std::string> ambiguous_;  // kind/name of changes on several providers
  std::set<Address> orphans_;        // with a change
  Day day_;
};

// "a, b" of a list, "k=v, k=w" of a map, "(none)" of null.
[[nodiscard]] std::string value_words(const nlohmann::json& value);
// "1 resource", "2 resources"
[[nodiscard]] std::string counted(std::size_t count, std::string_view noun);
// "40 s", "12 min", "3 h", "5 days"
[[nodiscard]] std::string age_words(std::chrono::seconds age);
// "lab" of dns/lab where one provider alone has that zone, "pve" of a provider's own scope.
[[nodiscard]] std::string scope_words(const Plan& plan, const Scope& scope);
// "2026-11-20T14:02:11Z"
[[nodiscard]] std::string utc_time(Time time);
[[nodiscard]] std::string short_commit(std::string_view commit);
// "main@3f2a91c+uncommitted", or "no git"
[[nodiscard]] std::string revision_words(const Plan& plan);
// "resolved 3 writes that were cut off"
[[nodiscard]] std::string cut_off_words(const Plan& plan);
// "undo of run 12"
[[nodiscard]] std::string undone_words(std::int64_t run);
// "forgejo.yaml:4"
[[nodiscard]] std::string place_words(const SourceRef& where);
// Message and hint, on one line.
[[nodiscard]] std::string error_words(const Error& error);
// The same behind its place.
[[nodiscard]] std::string warning_words(const Error& warning);
// One a line.
[[nodiscard]] std::string warning_lines(const Errors& warnings);

// "provider/dns: url http://10.5.0.5:5380 -> http://10.9.9.9:5380; planned with ..."
[[nodiscard]] std::string connection_words(const BlockedConnection& connection);

// How many of what; held and unknown ones count as such only.
struct Counts {
  std::size_t create = 0;
  std::size_t adopt = 0;
  std::size_t adopt_quietly = 0;
  std::size_t rename = 0;
  std::size_t change = 0;
  std::size_t drift = 0;
  std::size_t replace = 0;
  std::size_t remove = 0;
  std::size_t release = 0;
  std::size_t held = 0;
  std::size_t waiting = 0;  // for a time or for somebody: by_itself.hpp
  // Held by report mode: looked at, and that is all.
  std::size_t reported_drift = 0;
  std::size_t reported = 0;
  std::size_t unknown = 0;
};
[[nodiscard]] Counts count(const Plan& plan);
// Shown as unknown, not as held: a possible delete that the ledger would have to vouch for.
[[nodiscard]] bool is_unknown(const Change& change);
[[nodiscard]] bool caused_outside_git(Cause cause);
// Whether the drift report shows it.
[[nodiscard]] bool has_drift(const Change& change);
// Declared resources whose scope could be observed.
[[nodiscard]] std::size_t compared(const Plan& plan);

}  // namespace homeostat
