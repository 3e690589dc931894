#include "reconciler/diff.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "reconciler/names.hpp"
#include "reconciler/redact.hpp"

using namespace homeostat;

namespace {

constexpr Time now{std::chrono::seconds(1'767'225'600)};  // 2026-01-01T00:00:00Z
constexpr Time yesterday = now - std::chrono::hours(24);

// One resource on its three sides.
struct Sides {
  Resource desired;
  LiveResource live;
  Owned owned;
  std::vector<Uncompared> uncompared;
  std::optional<Attributes> filled;
  bool is_live = true;
  bool is_owned = true;
  const KindSchema& kind = *find_kind("container");

  Sides(Attributes wanted, Attributes there, const std::map<FieldPath, nlohmann::json>& agreed) {
    desired.address = {"home", "container", "web", "pve"};
    desired.where = {0, 3, 3};
    desired.attributes = std::move(wanted);
    live.address = desired.address;
    live.attributes = std::move(there);
    for (const auto& [path, value] : agreed) owned.agreed.push_back({path, value, "", yesterday});
  }

  [[nodiscard]] DiffResult diff() const {
    static const SecretHash hash = make_secret_hash("key");
    static const std::vector<std::string> files = {"lab.yaml"};
    return diff_fields({.kind = kind,
                        .extra = nullptr,
                        .desired = desired,
                        .filled = filled ? *filled : desired.attributes,
                        .uncompared = uncompared,
                        .live = is_live ? &live : nullptr,
                        .owned = is_owned ? &owned : nullptr,
                        .hash = hash,
                        .files = files,
                        .now = now});
  }

  // "memory "1GiB" -> "2GiB" git; ..."
  [[nodiscard]] std::string text() const {
    std::string text;
    for (const FieldDiff& field : diff().differs) {
      if (!text.empty()) text += "; ";
      text += fmt::format("{} {} -> {} {}", field.path, field.live.dump(), field.desired.dump(),
                          name_of(field.cause));
    }
    return text;
  }
};

OpenValue secret_at(const std::string& pointer) {
  OpenValue open;
  open.pointer = pointer;
  TemplatePart part;
  part.kind = TemplatePart::Kind::secret;
  part.text = "db";
  open.parts.push_back(part);
  return open;
}

}  // namespace

TEST_CASE("diff: the cause table, row by row") {
  struct Row {
    nlohmann::json desired, live, agreed;
    Cause cause;
  };
  const std::vector<Row> rows = {
      {"a", "a", "a", Cause::none},                          // nothing moved
      {"b", "a", "a", Cause::git},                           // the spec moved
      {"a", "b", "a", Cause::drift},                         // the live system moved
      {"b", "c", "a", Cause::both},                          // both, differently
      {"b", "b", "a", Cause::none},                          // both, to the same: agreed anew
      {nullptr, "a", "a", Cause::git},                       // a key left the spec
      {"a", nullptr, "a", Cause::drift},                     // somebody removed it
      {"a", "b", nullptr, Cause::both},                      // agreed to be absent
      {nlohmann::json::array(), nullptr, "a", Cause::none},  // none is empty
  };
  for (const Row& row : rows) {
    CAPTURE(row.desired.dump());
    CAPTURE(row.live.dump());
    CHECK(cause_of(row.desired, row.live, &row.agreed) == row.cause);
  }
  CHECK(cause_of("b", "a", nullptr) == Cause::first_contact);
  CHECK(cause_of("a", "a", nullptr) == Cause::none);
}

TEST_CASE("diff: a value that the spec does not state is not compared") {
  const Sides sides({{"memory", "2GiB"}}, {{"memory", "2GiB"}, {"cores", 4}}, {{"cores", 2}});
  CHECK(sides.text() == "");
  CHECK(sides.diff().in_sync == std::vector<FieldPath>{"memory"});
}

TEST_CASE("diff: null resets a field, and is in sync where nothing is live") {
  Sides sides({{"swap", nullptr}}, {{"swap", "1GiB"}}, {});
  CHECK(sides.text() == R"(swap "1GiB" -> null first contact)");
  sides.live.attributes.erase("swap");
  CHECK(sides.text() == "");
  CHECK(sides.diff().in_sync == std::vector<FieldPath>{"swap"});
}

TEST_CASE("diff: of a keyed map the stated keys are compared, one by one") {
  const Sides sides({{"env", {{"A", "1"}, {"B", "2"}, {"C", "3"}}}},
                    {{"env", {{"A", "1"}, {"B", "x"}, {"OTHER", "y"}}}},
                    {{"env/A", "1"}, {"env/B", "2"}});
  CHECK(sides.text() == R"(env/B "x" -> "2" drift; env/C null -> "3" git)");
  CHECK(sides.diff().in_sync == std::vector<FieldPath>{"env/A"});
}

TEST_CASE("diff: a key that was agreed on and left the spec is removed, others stay") {
  Sides sides({{"env", {{"A", "1"}}}}, {{"env", {{"A", "1"}, {"B", "2"}, {"OTHER", "y"}}}},
              {{"env/A", "1"}, {"env/B", "2"}, {"env/GONE", "3"}, {"env/NEVER", nullptr}});
  CHECK(sides.text() == R"(env/B "2" -> null git)");
  sides.live.attributes["env"]["B"] = "by hand";
  CHECK(sides.text() == R"(env/B "by hand" -> null both)");
}

TEST_CASE("diff: a keyed list is a set of keys") {
  const Sides sides({{"tags", {"media", "prod"}}}, {{"tags", {"prod", "old", "theirs"}}},
                    {{"tags/old", true}, {"tags/prod", true}});
  CHECK(sides.text() == R"(tags/media null -> true git; tags/old true -> null git)");
  CHECK(sides.diff().in_sync == std::vector<FieldPath>{"tags/prod"});
}

TEST_CASE("diff: a field that left the spec is released, whatever was agreed on") {
  const Sides sides({{"memory", "2GiB"}}, {{"memory", "2GiB"}, {"cores", 2}},
                    {{"cores", 2}, {"memory", "2GiB"}});
  CHECK(sides.text() == "");
}

TEST_CASE("diff: of a keyed collection that left the spec, the keys that we wrote are removed") {
  Sides sides({{"memory", "2GiB"}},
              {{"memory", "2GiB"}, {"env", {{"A", "1"}, {"OTHER", "y"}}}, {"tags", {"a", "b"}}},
              {{"env/A", "1"}, {"env/GONE", "3"}, {"memory", "2GiB"}, {"tags/a", true}});
  CHECK(sides.text() == R"(env/A "1" -> null git; tags/a true -> null git)");
  CHECK(sides.diff().differs.front().effect == ChangeEffect::restart);
  CHECK(sides.diff().differs.back().effect == ChangeEffect::in_place);
  sides.desired.ignore.push_back({"env", "", "", {}});
  CHECK(sides.text() == "tags/a true -> null git");
}

TEST_CASE("diff: what the spec did not state when the rest was agreed on is new from git") {
  Sides sides({{"memory", "2GiB"}, {"swap", "1GiB"}}, {{"memory", "2GiB"}}, {{"memory", "2GiB"}});
  CHECK(sides.text() == R"(swap null -> "1GiB" git)");
  // It was stated then, and differed.
  sides.owned.drift = {{"swap", yesterday, ""}};
  CHECK(sides.text() == R"(swap null -> "1GiB" first contact)");
  sides.owned.drift.clear();
  sides.owned.agreed.clear();
  CHECK(sides.text() == R"(swap null -> "1GiB" first contact)");
}

TEST_CASE("diff: a whole collection differs as one value") {
  const Sides sides({{"ports", {"80:80/tcp"}}}, {{"ports", {"80:80/tcp", "81:81/tcp"}}},
                    {{"ports", {"80:80/tcp"}}});
  CHECK(sides.text() == R"(ports ["80:80/tcp","81:81/tcp"] -> ["80:80/tcp"] drift)");
}

TEST_CASE("diff: of an object the stated fields are compared") {
  const Sides sides({{"healthcheck", {{"interval", "30s"}, {"retries", 3}}}},
                    {{"healthcheck", {{"interval", "30s"}, {"retries", 5}, {"timeout", "1s"}}}},
                    {{"healthcheck/retries", 3}});
  CHECK(sides.text() == "healthcheck/retries 5 -> 3 drift");
  CHECK(sides.diff().in_sync == std::vector<FieldPath>{"healthcheck/interval"});
}

TEST_CASE("diff: an empty collection says the same as none") {
  const Sides sides({{"mounts", nlohmann::json::array()}}, Attributes::object(), {});
  CHECK(sides.text() == "");
}

TEST_CASE("diff: a provider's own fields are compared below extra") {
  const Sides sides({{"extra", {{"pool", "fast"}}}}, {{"extra", {{"pool", "slow"}, {"x", 1}}}},
                    {{"extra/pool", "fast"}});
  CHECK(sides.text() == R"(extra/pool "slow" -> "fast" drift)");
}

TEST_CASE("diff: a word that asks the server for a value is met by any value") {
  Sides sides({{"ip", "dhcp"}}, {{"ip", "10.5.0.33"}}, {});
  CHECK(sides.text() == "");
  CHECK(sides.diff().in_sync == std::vector<FieldPath>{"ip"});
  sides.live.attributes.erase("ip");
  CHECK(sides.text() == R"(ip null -> "dhcp" first contact)");
}

TEST_CASE("diff: the effect of a change is the field's, or that of what encloses it") {
  const Sides sides(
      {{"memory", "2GiB"}, {"template", "debian-12"}, {"healthcheck", {{"retries", 3}}}},
      {{"memory", "1GiB"}, {"template", "debian-11"}}, {});
  const DiffResult result = sides.diff();
  REQUIRE(result.differs.size() == 3);
  CHECK(result.differs.at(0).effect == ChangeEffect::restart);
  CHECK(result.differs.at(1).effect == ChangeEffect::in_place);
  CHECK(result.differs.at(2).effect == ChangeEffect::replace);
}

TEST_CASE("diff: ignored fields are not compared; on the day behind `until` they are again") {
  Sides sides({{"memory", "2GiB"}, {"cores", 2}, {"env", {{"A", "1"}}}},
              {{"memory", "1GiB"}, {"cores", 1}, {"env", {{"A", "x"}}}}, {});
  sides.desired.ignore = {{"memory", "tuned by hand", "2026-01-01", {0, 5, 7}},
                          {"cores", "", "", {}},
                          {"env/A", "", "", {}}};
  CHECK(sides.text() == "");
  CHECK(sides.diff().in_sync.empty());
  CHECK(sides.diff().warnings.empty());
  sides.desired.ignore.front().until = "2025-12-31";
  CHECK(sides.text() == R"(memory "1GiB" -> "2GiB" first contact)");
  REQUIRE(sides.diff().warnings.size() == 1);
  CHECK(
      to_string(sides.diff().warnings.front()) ==
      "lab.yaml:5:7: container/web: `ignore` of memory ended on 2025-12-31 (tuned by hand): it is "
      "compared again (remove it, or give it a later `until`)");
}

TEST_CASE("diff: an ignored collection hides its keys, also those that left the spec") {
  Sides sides({{"env", {{"A", "1"}}}}, {{"env", {{"A", "x"}, {"B", "2"}}}},
              {{"env/A", "1"}, {"env/B", "2"}});
  sides.desired.ignore = {{"env", "", "", {}}};
  CHECK(sides.text() == "");
}

TEST_CASE("diff: where nothing is live every stated field differs, ignored ones too") {
  Sides sides({{"memory", "2GiB"}, {"env", {{"A", "1"}}}, {"swap", nullptr}}, {}, {});
  sides.is_live = false;
  sides.is_owned = false;
  sides.desired.ignore = {{"memory", "", "", {}}};
  CHECK(sides.text() == R"(env/A null -> "1" git; memory null -> "2GiB" git)");
  CHECK(sides.diff().in_sync.empty());
}

TEST_CASE("diff: what was agreed on and is gone is drift; what git changed besides is both") {
  Sides sides({{"memory", "2GiB"}, {"cores", 4}, {"swap", "1GiB"}}, {},
              {{"cores", 2}, {"memory", "2GiB"}});
  sides.is_live = false;
  CHECK(sides.text() ==
        R"(cores null -> 4 both; memory null -> "2GiB" drift; swap null -> "1GiB" git)");
}

TEST_CASE("diff: drift is known since it was first seen, else since the server says, else now") {
  Sides sides({{"memory", "2GiB"}}, {{"memory", "1GiB"}}, {{"memory", "2GiB"}});
  CHECK(sides.diff().differs.at(0).since == now);
  sides.live.changed_at = yesterday + std::chrono::hours(1);
  sides.live.changed_by = "ops";
  CHECK(sides.diff().differs.at(0).since == yesterday + std::chrono::hours(1));
  CHECK(sides.diff().differs.at(0).by == "ops");
  sides.owned.drift = {{"memory", yesterday + std::chrono::hours(2), "ana"}};
  CHECK(sides.diff().differs.at(0).since == yesterday + std::chrono::hours(2));
  CHECK(sides.diff().differs.at(0).by == "ana");
}

TEST_CASE("diff: a server's word from before the agreement says nothing about the drift") {
  Sides sides({{"memory", "2GiB"}}, {{"memory", "1GiB"}}, {{"memory", "2GiB"}});
  sides.live.changed_at = yesterday - std::chrono::hours(1);
  sides.live.changed_by = "ops";
  CHECK(sides.diff().differs.at(0).since == now);
  CHECK(sides.diff().differs.at(0).by == "");
}

TEST_CASE("diff: git alone has no since") {
  const Sides sides({{"memory", "2GiB"}}, {{"memory", "1GiB"}}, {{"memory", "1GiB"}});
  CHECK_FALSE(sides.diff().differs.at(0).since);
}

TEST_CASE("diff: a secret is compared by hash and never shown") {
  Sides sides({{"env", {{"PASS", "${secret.db}"}}}}, {{"env", {{"PASS", "old"}}}},
              {{"env/PASS", keyed_hash("key", "old")}});
  sides.desired.open = {secret_at("/env/PASS")};
  sides.filled = Attributes{{"env", {{"PASS", "new"}}}};
  CHECK(sides.text() == R"-(env/PASS "(secret)" -> "${secret.db}" git)-");
  CHECK(sides.diff().differs.at(0).secret);
  CHECK(sides.diff().differs.at(0).agreed == "(secret)");
  sides.live.attributes["env"]["PASS"] = "by hand";
  CHECK(sides.text() == R"-(env/PASS "(secret)" -> "${secret.db}" both)-");
  sides.live.attributes["env"]["PASS"] = "new";
  CHECK(sides.diff().in_sync == std::vector<FieldPath>{"env/PASS"});
}

TEST_CASE("diff: a last observation with hashes is compared as well as a fresh one") {
  Sides sides({{"env", {{"PASS", "${secret.db}"}, {"TZ", "UTC"}}}},
              {{"env", {{"PASS", keyed_hash("key", "new")}, {"TZ", keyed_hash("key", "UTC")}}}},
              {});
  sides.desired.open = {secret_at("/env/PASS")};
  sides.filled = Attributes{{"env", {{"PASS", "new"}, {"TZ", "UTC"}}}};
  CHECK(sides.text() == "");
  CHECK(sides.diff().in_sync == std::vector<FieldPath>{"env/PASS", "env/TZ"});
}

TEST_CASE("diff: what was a secret when agreed on is not shown when the spec says it plainly") {
  const Sides sides({{"env", {{"PASS", "plain"}}}}, {{"env", {{"PASS", "old"}}}},
                    {{"env/PASS", keyed_hash("key", "old")}});
  CHECK(sides.text() == R"-(env/PASS "(secret)" -> "(secret)" git)-");
}

TEST_CASE("diff: a secret key that left the spec is removed without being shown") {
  const Sides sides({{"env", {{"A", "1"}}}}, {{"env", {{"A", "1"}, {"PASS", "old"}}}},
                    {{"env/PASS", keyed_hash("key", "old")}});
  CHECK(sides.text() == R"-(env/PASS "(secret)" -> null git)-");
}

TEST_CASE("diff: a value that is known later differs, with what it waits for") {
  Sides sides({{"env", {{"IP", "${container.db.ip}"}}}}, {{"env", {{"IP", "10.5.0.7"}}}}, {});
  const Address db = {"home", "container", "db", "pve"};
  sides.uncompared = {{"env/IP", {db}}};
  CHECK(sides.text() == R"(env/IP "10.5.0.7" -> null git)");
  CHECK(sides.diff().differs.at(0).after == std::vector<Address>{db});
}

TEST_CASE("diff: a value that is not known at all is neither different nor in sync") {
  Sides sides({{"env", {{"IP", "x"}}}, {"ports", {"1:1/tcp", "2:2/tcp"}}, {"memory", "1GiB"}},
              {{"memory", "1GiB"}}, {});
  sides.uncompared = {{"env/IP", {}}, {"ports/1", {}}};
  CHECK(sides.text() == "");
  CHECK(sides.diff().in_sync == std::vector<FieldPath>{"memory"});
}

TEST_CASE("diff: a key of a set that is known later is shown as it is written") {
  Sides sides({{"tags", {"a", "${container.db.state}"}}}, {{"tags", {"a"}}}, {});
  const Address db = {"home", "container", "db", "pve"};
  sides.uncompared = {{"tags/1", {db}}};
  CHECK(sides.text() == "tags/${container.db.state} null -> null git");
  CHECK(sides.diff().in_sync == std::vector<FieldPath>{"tags/a"});
}

TEST_CASE("diff: a difference names the lines of its value, else those of what encloses it") {
  Sides sides({{"memory", "2GiB"}, {"env", {{"A", "1"}}}, {"cores", 2}, {"ports", {"1:1/tcp"}}},
              {{"memory", "1GiB"}}, {});
  sides.desired.origins = {
      {"env", {{0, 7, 5}}}, {"memory", {{0, 4, 5}, {1, 9, 3}}}, {"ports/0", {{0, 8, 5}}}};
  const DiffResult result = sides.diff();
  REQUIRE(result.differs.size() == 4);
  CHECK(result.differs.at(0).lines == std::vector<Origin>{{0, 3, 3}});  // cores: the resource's
  CHECK(result.differs.at(1).lines == std::vector<Origin>{{0, 7, 5}});  // env/A: those of env
  CHECK(result.differs.at(2).lines == std::vector<Origin>{{0, 4, 5}, {1, 9, 3}});
  CHECK(result.differs.at(3).lines == std::vector<Origin>{{0, 8, 5}});
}

TEST_CASE("diff: alarm_only is said with each difference") {
  Sides sides({{"memory", "2GiB"}}, {{"memory", "1GiB"}}, {});
  sides.desired.alarm_only = true;
  CHECK(sides.diff().differs.at(0).alarm_only);
}
