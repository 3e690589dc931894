#include "reconciler/provenance.hpp"

#include <doctest/doctest.h>

#include "tests/reconciler/provenance_case.hpp"

using namespace homeostat;
using Case = ProvenanceCase;

TEST_CASE("provenance: a changed line is its newest commit, with author, subject, time and place") {
  TempRepo repo;
  repo.write("media.yaml", media);
  const auto agreed = repo.commit("start");
  repo.write("media.yaml", with(media, "memory: 2GiB", "memory: 3GiB"));
  repo.commit("more memory", "Ben");
  repo.write("media.yaml", with(media, "memory: 2GiB", "memory: 4GiB"));
  const auto newest = repo.commit("even more memory\n\nIt was slow.", "Zo\xc3\xab");
  repo.write("other.yaml", "x-a: 1\n");
  repo.commit("something else");
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
  repo.write("media.yaml", media);
  const auto agreed = repo.commit("start");
  std::string text = with(media, "memory: 2GiB", "memory: 4GiB");
  repo.write("media.yaml", text);
  const auto cause = repo.commit("more memory");
  for (int i = 0; i < 4; ++i) {
    text = with(text, "  jellyfin:", "  c" + std::to_string(i) + ":\n    vmid: 1\n  jellyfin:");
    text += "  d" + std::to_string(i) + ":\n    vmid: 2\n";
    repo.write("media.yaml", text);
    repo.commit("another container");
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
  repo.write("homeostat.yaml", "defaults:\n  container: { memory: 1GiB }\n");
  const auto agreed = repo.commit("start");
  repo.write("homeostat.yaml", "defaults:\n  container: { memory: 6GiB }\n");
  const auto cause = repo.commit("other default", "Ben");
  repo.write("other.yaml", "x-a: 1\n");
  repo.commit("something else");
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
  repo.write("media.yaml", media);
  const auto agreed = repo.commit("start");
  repo.write("media.yaml", "x-a: 1\n" + media);
  repo.commit("a line above");
  repo.write("media.yaml", "x-a: 1\n" + with(media, "    memory: 2GiB\n", ""));
  const auto cause = repo.commit("the default will do", "Ben");
  repo.write("media.yaml", "x-a: 1\nx-b: 1\n" + with(media, "    memory: 2GiB\n", ""));
  repo.commit("another line above");
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
  repo.write("media.yaml", media);
  const auto agreed = repo.commit("start");
  repo.write("media.yaml", with(media, "LOG: debug", "LOG: info"));
  repo.commit("quieter");
  repo.write("media.yaml", with(media, "      LOG: debug\n", ""));
  const auto cause = repo.commit("no log");
  repo.write("media.yaml", with(with(media, "      LOG: debug\n", ""), "TZ: UTC", "TZ: CET"));
  repo.commit("time zone");
  Case test(repo);
  const auto found = test.owned(agreed, jellyfin_line, {"env/LOG"}).field({}, "env/LOG");
  CHECK(found.commit == cause);
  CHECK(found.removed);
  CHECK(found.where == SourceRef{"media.yaml", 7, 0});
}

TEST_CASE("provenance: a key that left a list in one line was removed by a commit") {
  TempRepo repo;
  const std::string text = "containers:\n  jellyfin: { vmid: 1, tags: [web, media, old] }\n";
  repo.write("media.yaml", text);
  const auto agreed = repo.commit("start");
  repo.write("media.yaml", with(text, ", old", ""));
  const auto cause = repo.commit("drop a tag");
  repo.write("media.yaml", with(with(text, ", old", ""), "vmid: 1", "vmid: 2"));
  repo.commit("another id");
  Case test(repo);
  const auto found = test.owned(agreed, jellyfin_line, {"tags/old"}).field({}, "tags/old");
  CHECK(found.commit == cause);
  CHECK(found.removed);
  CHECK(found.where == SourceRef{"media.yaml", 2, 0});
}

TEST_CASE("provenance: a removed resource names the commit that removed its declaration") {
  TempRepo repo;
  repo.write("media.yaml", media);
  const auto agreed = repo.commit("start");
  repo.write("media.yaml", "x-a: 1\n" + with(media, "vmid: 110", "vmid: 120"));
  repo.commit("before");
  const std::string without = "x-a: 1\n" + media.substr(0, 12) + media.substr(media.find("  plex"));
  repo.write("media.yaml", without);
  const auto cause = repo.commit("jellyfin goes", "Ben");
  repo.write("media.yaml", without + "  emby:\n    vmid: 112\n");
  repo.commit("after");
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
  repo.write("dns.yaml", text);
  const auto agreed = repo.commit("start");
  repo.write("dns.yaml", with(text, "10.5.0.20", "10.5.0.30"));
  repo.commit("new address");
  repo.write("dns.yaml", with(text, "    nas: 10.5.0.20\n", ""));
  const auto cause = repo.commit("nas goes");
  Case test(repo);
  CHECK(test.owned(agreed, {"dns.yaml", 3, 5}).removed().commit == cause);
}

TEST_CASE("provenance: a derived resource goes with the key that it stood below") {
  TempRepo repo;
  const std::string text =
      "services:\n  forgejo:\n    container:\n      vmid: 1\n  wiki:\n    container:\n"
      "      vmid: 2\n";
  repo.write("services.yaml", text);
  const auto agreed = repo.commit("start");
  repo.write("services.yaml", with(text, "forgejo", "gitea"));
  const auto cause = repo.commit("another name");
  repo.write("services.yaml", with(text, "forgejo", "gitea") + "x-a: 1\n");
  repo.commit("after");
  Case test(repo);
  const auto found = test.owned(agreed, {"services.yaml", 3, 5}).removed();
  CHECK(found.commit == cause);
  CHECK(found.where == SourceRef{"services.yaml", 2, 0});
}

TEST_CASE("provenance: a declaration that became a comment is removed") {
  TempRepo repo;
  const std::string text = "dns:\n  lab:\n    nas: 10.5.0.20\n    printer: 10.5.0.21\n";
  repo.write("dns.yaml", text);
  const auto agreed = repo.commit("start");
  repo.write("dns.yaml", with(text, "    nas", "    # nas"));
  const auto cause = repo.commit("off for now");
  repo.write("dns.yaml", with(text, "    nas: 10.5.0.20\n", ""));
  repo.commit("tidy up");
  Case test(repo);
  CHECK(test.owned(agreed, {"dns.yaml", 3, 5}).removed().commit == cause);
}

TEST_CASE("provenance: an edit that is not committed is said so; the lines around it are not") {
  TempRepo repo;
  repo.write("media.yaml", media);
  const auto agreed = repo.commit("start");
  const auto next = with(media, "memory: 2GiB", "memory: 4GiB");
  repo.write("media.yaml", next);
  const auto committed = repo.commit("more memory");
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
  repo.write("media.yaml", media);
  const auto agreed = repo.commit("start");
  repo.write("media.yaml", "x-a: 1\n" + media);
  repo.commit("a line above");
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
  repo.write("other.yaml", "x-a: 1\n");
  repo.commit("start");
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
  repo.write("media.yaml", "containers:\n");
  repo.commit("start");
  repo.write("media.yaml", media);
  const auto cause = repo.commit("jellyfin comes", "Ben");
  repo.write("media.yaml", media + "x-a: 1\n");
  repo.commit("after");
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
  repo.write("media.yaml", media);
  repo.commit("start");
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
  repo.write("media.yaml", media);
  const auto agreed = repo.commit("start");
  repo.write("media.yaml", "x-a: 1\n");
  const auto cause = repo.commit("no more");
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
  repo.write("media.yaml", media);
  const auto agreed = repo.commit("start");
  const std::string without = with(media, "    memory: 2GiB\n", "");
  repo.write("media.yaml", without);
  const auto cause = repo.commit("the default will do");
  repo.write("media.yaml", "x-a: 1\nx-b: 1\nx-c: 1\nx-d: 1\nx-e: 1\n" + without);
  const auto seen = repo.commit("lines above");
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
  repo.write("media.yaml", media);
  const auto agreed = repo.commit("start");
  repo.write("media.yaml", "containers:\n" + media.substr(media.find("  plex")));
  const auto cause = repo.commit("jellyfin goes");
  repo.write("media.yaml", "x-a: 1\n");
  Case test(repo);
  test.dirty({"media.yaml"}).owned(agreed, jellyfin_line);
  const auto found = test.removed();
  CHECK(found.commit == cause);
  CHECK_FALSE(found.uncommitted);
}

TEST_CASE("provenance: a value without a line has a place at most") {
  TempRepo repo;
  repo.write("media.yaml", media);
  repo.commit("start");
  Case test(repo);
  test.spec.files = {"media.yaml"};
  const auto found = test.field({{0, 0, 0}});
  CHECK(found.commit.empty());
  CHECK(found.where == SourceRef{"media.yaml", 0, 0});
}
