// Every row of the table of causes, as plans show it.
#include "tests/reconciler/story.hpp"

namespace homeostat::testing {
namespace {

TEST_CASE("situation: in sync") { Story().show("in_sync"); }

TEST_CASE("situation: git changed a field") {
  Story().edit("memory: 2GiB", "memory: 3GiB").show("git_one_field");
}

TEST_CASE("situation: git changed several fields of several resources") {
  Story()
      .edit("cores: 2, memory: 2GiB", "cores: 4, memory: 3GiB, description: The wiki")
      .edit("interval: 60s", "interval: 30s")
      .edit("web: 10.5.0.110", "web: [10.5.0.110, 10.5.0.111]")
      .show("git_several_fields");
}

TEST_CASE("situation: a default changed, and with it all that it reaches") {
  Story(standard_head() + "  dns: { ttl: 1h }\n", small_lab())
      .edit_head("ttl: 1h", "ttl: 5m")
      .show("git_default");
}

TEST_CASE("situation: a change that is not committed") {
  Story().edit("memory: 2GiB", "memory: 3GiB").uncommitted().show("uncommitted");
}

TEST_CASE("situation: a removal that is not committed") {
  Story().edit("    www: { CNAME: web }\n", "").uncommitted().show("uncommitted_removal");
}

TEST_CASE("situation: the spec lies in no git repository") {
  Story().edit("memory: 2GiB", "memory: 3GiB").without_git().show("no_git");
}

TEST_CASE("situation: a change by hand, by somebody the live system names") {
  Story()
      .by_hand("proxy_host/wiki", "force_https", false)
      .seen_since("proxy_host/wiki", "force_https", november(20, 13, 41), "ops")
      .show("drift");
}

TEST_CASE("situation: changes by hand, seen now, yesterday and last year") {
  Story()
      .by_hand("container/web", "memory", "8GiB")
      .by_hand("container/web", "cores", 8)
      .seen_since("container/web", "cores", november(19, 9, 30))
      .by_hand("dns/lab/db/A", "values", {"10.5.0.99"})
      .seen_since("dns/lab/db/A", "values", november(20, 8, 15) - std::chrono::days(400))
      .show("drift_of_ages");
}

TEST_CASE("situation: git and a hand changed the same field") {
  Story()
      .edit("memory: 2GiB", "memory: 3GiB")
      .by_hand("container/web", "memory", "8GiB")
      .seen_since("container/web", "memory", november(20, 13, 41), "ops")
      .show("both");
}

TEST_CASE("situation: git and a hand changed the same field to the same") {
  Story()
      .edit("memory: 2GiB", "memory: 3GiB")
      .by_hand("container/web", "memory", "3GiB")
      .show("both_alike");
}

TEST_CASE("situation: git changed one field, a hand another") {
  Story()
      .edit("memory: 2GiB", "memory: 3GiB")
      .by_hand("container/web", "cores", 8)
      .seen_since("container/web", "cores", november(20, 13, 41))
      .show("git_and_drift");
}

TEST_CASE("situation: a difference about which nothing was ever agreed") {
  Story story;
  story.by_hand("container/web", "memory", "8GiB");
  story.s.row("container/web").agreed.clear();
  story.show("first_contact");
}

TEST_CASE("situation: deleted by hand") {
  Story story;
  story.s.erase("dns/lab/web/A");
  story.seen_since("dns/lab/web/A", "", november(20, 13, 41)).show("deleted_by_hand");
}

TEST_CASE("situation: deleted by hand, and changed in git") {
  Story story;
  story.s.erase("dns/lab/web/A");
  story.edit("web: 10.5.0.110", "web: 10.5.0.112")
      .seen_since("dns/lab/web/A", "", november(20, 13, 41))
      .show("deleted_by_hand_and_changed");
}

TEST_CASE("situation: a run is undone, and git is not the cause") {
  Story story;
  story.by_hand("proxy_host/wiki", "forward_port", 8080);
  const auto was = [](const std::string& path, const nlohmann::json& value) {
    return FieldRecord{.path = path, .before = value};
  };
  story
      .undo({{.address = story.s.address("container/web"),
              .action = "update",
              .fields = {was("memory", "1GiB")}},
             {.address = story.s.address("dns/lab/www/CNAME"), .action = "create"},
             {.address = story.s.address("proxy_host/wiki"),
              .action = "update",
              .fields = {was("forward_port", 3001)}}})
      .show("undone");
}

TEST_CASE("situation: keys of a keyed collection come, change and go") {
  std::string before = small_lab();
  before.insert(
      before.find("dns:\n"),
      "  app: { vmid: 112, template: debian-12, labels: { tier: web, backup: daily } }\n");
  Story story(before);
  story.s.at("container/app").attributes["labels"]["of-others"] = "stays";
  story.edit("{ tier: web, backup: daily }", "{ tier: front, owner: ana }").show("keyed");
}

}  // namespace
}  // namespace homeostat::testing
