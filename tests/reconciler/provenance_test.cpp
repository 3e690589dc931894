#include "reconciler/provenance.hpp"

#include <doctest/doctest.h>

#include "tests/reconciler/provenance_case.hpp"

using namespace homeostat;
using Case = ProvenanceCase;

TEST_CASE("provenance: a changed line is its newest commit, with author, subject, time and place") {
  TempRepo repo;
  const auto agreed = repo.save("media.yaml", media, "start");
  repo.save("media.yaml", with(media, "memory: 2GiB", "memory: 3GiB"), "more memory", "Ben");
  const auto newest = repo.save("media.yaml", with(media, "memory: 2GiB", "memory: 4GiB"),
                                "even more memory\n\nIt was slow.", "Zo\xc3\xab");
  repo.save("other.yaml", "x-a: 1\n", "something else");
  Case test(repo);
  const auto found = test.owned(agreed, jellyfin_line).field({test.line("media.yaml", "memory")});
  CHECK(found.commit == newest);
  CHECK(found.author == "Zo\xc3\xab");
  CHECK(found.subject == "even more memory");
  CHECK(found.at == Time(std::chrono::seconds(1767225600 + 2 * 3600)));
  CHECK(found.where == SourceRef{"media.yaml", 4, 3});
  CHECK_FALSE(found.removed);
  CHECK_FALSE(found.uncommitted);
}

TEST_CASE("provenance: a line that others moved keeps its commit") {
  TempRepo repo;
  const auto agreed = repo.save("media.yaml", media, "start");
  std::string text = with(media, "memory: 2GiB", "memory: 4GiB");
  const auto cause = repo.save("media.yaml", text, "more memory");
  for (int i = 0; i < 4; ++i) {
    text = with(text, "  jellyfin:", "  c" + std::to_string(i) + ":\n    vmid: 1\n  jellyfin:");
    text += "  d" + std::to_string(i) + ":\n    vmid: 2\n";
    repo.save("media.yaml", text, "another container");
  }
  Case test(repo);
  const auto found =
      test.owned(agreed, jellyfin_line).field({test.line("media.yaml", "memory: 4GiB")});
  CHECK(found.commit == cause);
  CHECK(found.where.line == 12);
}

TEST_CASE("provenance: of several lines the one that was touched last is shown") {
  TempRepo repo;
  repo.write("media.yaml", media);
  const auto agreed =
      repo.save("homeostat.yaml", "defaults:\n  container: { memory: 1GiB }\n", "start");
  const auto cause = repo.save("homeostat.yaml", "defaults:\n  container: { memory: 6GiB }\n",
                               "other default", "Ben");
  repo.save("other.yaml", "x-a: 1\n", "something else");
  Case test(repo);
  const auto found =
      test.owned(agreed, jellyfin_line)
          .field({test.line("media.yaml", "vmid: 110"), test.line("homeostat.yaml", "container")});
  CHECK(found.commit == cause);
  CHECK(found.where == SourceRef{"homeostat.yaml", 2, 3});
}

TEST_CASE("provenance: a value that falls back to a default was caused by who removed its line") {
  TempRepo repo;
  repo.write("homeostat.yaml", "defaults:\n  container: { memory: 1GiB }\n");
  const auto agreed = repo.save("media.yaml", media, "start");
  repo.save("media.yaml", "x-a: 1\n" + media, "a line above");
  const auto cause = repo.save("media.yaml", "x-a: 1\n" + with(media, "    memory: 2GiB\n", ""),
                               "the default will do", "Ben");
  repo.save("media.yaml", "x-a: 1\nx-b: 1\n" + with(media, "    memory: 2GiB\n", ""),
            "another line above");
  Case test(repo);
  const auto found =
      test.owned(agreed, jellyfin_line).field({test.line("homeostat.yaml", "container")});
  CHECK(found.commit == cause);
  CHECK(found.removed);
  CHECK(found.where == SourceRef{"media.yaml", 5, 0});
  CHECK(found.author == "Ben");
}

TEST_CASE("provenance: a key that left a keyed collection was removed by a commit") {
  TempRepo repo;
  const auto agreed = repo.save("media.yaml", media, "start");
  repo.save("media.yaml", with(media, "LOG: debug", "LOG: info"), "quieter");
  const auto cause = repo.save("media.yaml", with(media, "      LOG: debug\n", ""), "no log");
  repo.save("media.yaml", with(with(media, "      LOG: debug\n", ""), "TZ: UTC", "TZ: CET"),
            "time zone");
  Case test(repo);
  const auto found = test.owned(agreed, jellyfin_line, {"env/LOG"}).field({}, "env/LOG");
  CHECK(found.commit == cause);
  CHECK(found.removed);
  CHECK(found.where == SourceRef{"media.yaml", 7, 0});
}

TEST_CASE("provenance: a key that left a list in one line was removed by a commit") {
  TempRepo repo;
  const std::string text = "containers:\n  jellyfin: { vmid: 1, tags: [web, media, old] }\n";
  const auto agreed = repo.save("media.yaml", text, "start");
  const auto cause = repo.save("media.yaml", with(text, ", old", ""), "drop a tag");
  repo.save("media.yaml", with(with(text, ", old", ""), "vmid: 1", "vmid: 2"), "another id");
  Case test(repo);
  const auto found = test.owned(agreed, jellyfin_line, {"tags/old"}).field({}, "tags/old");
  CHECK(found.commit == cause);
  CHECK(found.removed);
  CHECK(found.where == SourceRef{"media.yaml", 2, 0});
}

TEST_CASE("provenance: a removed resource names the commit that removed its declaration") {
  TempRepo repo;
  const auto agreed = repo.save("media.yaml", media, "start");
  repo.save("media.yaml", "x-a: 1\n" + with(media, "vmid: 110", "vmid: 120"), "before");
  const std::string without = "x-a: 1\n" + media.substr(0, 12) + media.substr(media.find("  plex"));
  const auto cause = repo.save("media.yaml", without, "jellyfin goes", "Ben");
  repo.save("media.yaml", without + "  emby:\n    vmid: 112\n", "after");
  Case test(repo);
  test.owned(agreed, jellyfin_line);
  const auto found = test.removed();
  CHECK(found.commit == cause);
  CHECK(found.author == "Ben");
  CHECK(found.removed);
  CHECK(found.where == SourceRef{"media.yaml", 3, 0});
  test.change.action = Action::release;
  CHECK(test.fill().provenance->commit == cause);
}

TEST_CASE("provenance: a declaration whose value changed in its line is not removed by that") {
  TempRepo repo;
  const std::string text = "dns:\n  lab:\n    nas: 10.5.0.20\n    printer: 10.5.0.21\n";
  const auto agreed = repo.save("dns.yaml", text, "start");
  repo.save("dns.yaml", with(text, "10.5.0.20", "10.5.0.30"), "new address");
  const auto cause = repo.save("dns.yaml", with(text, "    nas: 10.5.0.20\n", ""), "nas goes");
  Case test(repo);
  CHECK(test.owned(agreed, {"dns.yaml", 3, 5}).removed().commit == cause);
}

TEST_CASE("provenance: a derived resource goes with the key that it stood below") {
  TempRepo repo;
  const std::string text =
      "services:\n  forgejo:\n    container:\n      vmid: 1\n  wiki:\n    container:\n"
      "      vmid: 2\n";
  const auto agreed = repo.save("services.yaml", text, "start");
  const auto cause = repo.save("services.yaml", with(text, "forgejo", "gitea"), "another name");
  repo.save("services.yaml", with(text, "forgejo", "gitea") + "x-a: 1\n", "after");
  Case test(repo);
  const auto found = test.owned(agreed, {"services.yaml", 3, 5}).removed();
  CHECK(found.commit == cause);
  CHECK(found.where == SourceRef{"services.yaml", 2, 0});
}

TEST_CASE("provenance: a declaration that became a comment is removed") {
  TempRepo repo;
  const std::string text = "dns:\n  lab:\n    nas: 10.5.0.20\n    printer: 10.5.0.21\n";
  const auto agreed = repo.save("dns.yaml", text, "start");
  const auto cause = repo.save("dns.yaml", with(text, "    nas", "    # nas"), "off for now");
  repo.save("dns.yaml", with(text, "    nas: 10.5.0.20\n", ""), "tidy up");
  Case test(repo);
  CHECK(test.owned(agreed, {"dns.yaml", 3, 5}).removed().commit == cause);
}

TEST_CASE("provenance: an edit that is not committed is said so; the lines around it are not") {
  TempRepo repo;
  const auto agreed = repo.save("media.yaml", media, "start");
  const auto next = with(media, "memory: 2GiB", "memory: 4GiB");
  const auto committed = repo.save("media.yaml", next, "more memory");
  repo.write("media.yaml", "x-a: 1\n" + with(next, "vmid: 110", "vmid: 120"));
  Case test(repo);
  test.dirty({"media.yaml"}).owned(agreed, jellyfin_line);
  const auto edited = test.field({test.line("media.yaml", "vmid: 120")}, "vmid");
  CHECK(edited.uncommitted);
  CHECK(edited.commit.empty());
  CHECK(edited.where == SourceRef{"media.yaml", 4, 3});
  const auto other = test.field({test.line("media.yaml", "memory")});
  CHECK_FALSE(other.uncommitted);
  CHECK(other.commit == committed);
  CHECK(other.where == SourceRef{"media.yaml", 5, 3});
}

TEST_CASE("provenance: a removal that is not committed is said so") {
  TempRepo repo;
  const auto agreed = repo.save("media.yaml", media, "start");
  repo.save("media.yaml", "x-a: 1\n" + media, "a line above");
  Case test(repo);
  test.dirty({"media.yaml"}).owned(agreed, jellyfin_line);
  SUBCASE("of lines") {
    repo.write("media.yaml", "x-a: 1\n" + with(media, "  jellyfin:\n    vmid: 110\n", ""));
  }
  SUBCASE("of the file") { repo.remove("media.yaml"); }
  const auto found = test.removed();
  CHECK(found.uncommitted);
  CHECK(found.removed);
  CHECK(found.commit.empty());
  CHECK(found.where == SourceRef{"media.yaml", 3, 0});
}

TEST_CASE("provenance: a file that git does not know is uncommitted") {
  TempRepo repo;
  repo.save("other.yaml", "x-a: 1\n", "start");
  repo.write("media.yaml", media);
  Case test(repo);
  test.dirty({"media.yaml"});
  test.change.action = Action::create;
  test.change.lines = {test.line("media.yaml", "jellyfin")};
  const auto found = test.fill().provenance.value();
  CHECK(found.uncommitted);
  CHECK(found.where == SourceRef{"media.yaml", 2, 3});
}

TEST_CASE("provenance: what is created, adopted or renamed names who wrote its declaration") {
  TempRepo repo;
  repo.save("media.yaml", "containers:\n", "start");
  const auto cause = repo.save("media.yaml", media, "jellyfin comes", "Ben");
  repo.save("media.yaml", media + "x-a: 1\n", "after");
  for (const Action action : {Action::create, Action::adopt, Action::rename}) {
    Case test(repo);
    test.change.action = action;
    test.change.cause = action == Action::adopt ? Cause::first_contact : Cause::git;
    test.change.lines = {test.line("media.yaml", "jellyfin")};
    const auto found = test.fill().provenance.value();
    CHECK(found.commit == cause);
    CHECK(found.where == SourceRef{"media.yaml", 2, 3});
  }
}

TEST_CASE("provenance: drift is not git's") {
  TempRepo repo;
  repo.save("media.yaml", media, "start");
  Case test(repo);
  FieldDiff diff;
  diff.cause = Cause::drift;
  diff.lines = {test.line("media.yaml", "memory")};
  test.change.fields = {diff};
  test.change.action = Action::create;
  test.change.cause = Cause::drift;
  const Change filled = test.fill();
  CHECK_FALSE(filled.provenance);
  CHECK_FALSE(filled.fields[0].provenance);
}

TEST_CASE("provenance: what goes, goes with all its fields") {
  TempRepo repo;
  const auto agreed = repo.save("media.yaml", media, "start");
  const auto cause = repo.save("media.yaml", "x-a: 1\n", "no more");
  Case test(repo);
  test.owned(agreed, jellyfin_line);
  FieldDiff diff;
  diff.path = "memory";
  diff.cause = Cause::git;
  test.change.action = Action::remove;
  test.change.fields = {diff};
  CHECK(test.fill().fields.at(0).provenance->commit == cause);
}

TEST_CASE(
    "provenance: a row that was seen since knows where its lines stood when it was agreed on") {
  TempRepo repo;
  repo.write("homeostat.yaml", "defaults:\n  container: { memory: 1GiB }\n");
  const auto agreed = repo.save("media.yaml", media, "start");
  const std::string without = with(media, "    memory: 2GiB\n", "");
  const auto cause = repo.save("media.yaml", without, "the default will do");
  const auto seen =
      repo.save("media.yaml", "x-a: 1\nx-b: 1\nx-c: 1\nx-d: 1\nx-e: 1\n" + without, "lines above");
  Case test(repo);
  test.owned(agreed, {"media.yaml", 7, 3});
  test.ledger.owned[jelly].commit = seen;
  const auto found = test.field({test.line("homeostat.yaml", "container")});
  CHECK(found.commit == cause);
  CHECK(found.where == SourceRef{"media.yaml", 4, 0});
}

TEST_CASE(
    "provenance: what is removed in a commit is not uncommitted because more is removed since") {
  TempRepo repo;
  const auto agreed = repo.save("media.yaml", media, "start");
  const auto cause = repo.save("media.yaml", "containers:\n" + media.substr(media.find("  plex")),
                               "jellyfin goes");
  repo.write("media.yaml", "x-a: 1\n");
  Case test(repo);
  test.dirty({"media.yaml"}).owned(agreed, jellyfin_line);
  const auto found = test.removed();
  CHECK(found.commit == cause);
  CHECK_FALSE(found.uncommitted);
}

TEST_CASE("provenance: a value without a line has a place at most") {
  TempRepo repo;
  repo.save("media.yaml", media, "start");
  Case test(repo);
  test.spec.files = {"media.yaml"};
  const auto found = test.field({{0, 0, 0}});
  CHECK(found.commit.empty());
  CHECK(found.where == SourceRef{"media.yaml", 0, 0});
}
