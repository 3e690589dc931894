// Causes that the value's own lines do not tell.
#include <doctest/doctest.h>

#include "tests/reconciler/provenance_case.hpp"

using namespace homeostat;
using Case = ProvenanceCase;

TEST_CASE("provenance: where no line tells, the agreed commit is named as the beginning") {
  TempRepo repo;
  repo.write("media.yaml", media);
  const auto agreed =
      repo.save("homeostat.yaml", "networks:\n  lab: { cidr: 10.5.0.0/24 }\n", "start");
  repo.save("homeostat.yaml", "networks:\n  lab: { cidr: 10.6.0.0/24 }\n", "another network",
            "Ben");
  Case test(repo);
  test.owned(agreed, jellyfin_line, {"ip"});
  const auto found = test.field({test.line("media.yaml", "vmid: 110")}, "ip");
  CHECK(found.commit.empty());
  CHECK(found.since == agreed);
  CHECK(found.where == SourceRef{"media.yaml", 3, 3});
  const auto gone = test.removed();
  CHECK(gone.commit.empty());
  CHECK(gone.since == agreed);
  CHECK(gone.removed);
  CHECK(gone.where == jellyfin_line);
}

TEST_CASE("provenance: what was applied uncommitted and taken back is no commit's doing") {
  TempRepo repo;
  repo.save("media.yaml", media, "start");
  const auto agreed =
      repo.save("media.yaml", with(media, "memory: 2GiB", "memory: 4GiB"), "more memory");
  Case test(repo);
  const auto found =
      test.owned(agreed, jellyfin_line).field({test.line("media.yaml", "memory: 4GiB")});
  CHECK(found.commit.empty());
  CHECK(found.since == agreed);
  CHECK_FALSE(found.uncommitted);
}

TEST_CASE("provenance: a rotated secret is its own cause, until its line changes") {
  TempRepo repo;
  const std::string text = "containers:\n  jellyfin:\n    env:\n      DB: \"${secret.db}\"\n";
  const auto agreed = repo.save("media.yaml", text, "start");
  repo.save("other.yaml", "x-a: 1\n", "something else");
  Case test(repo);
  test.owned(agreed, jellyfin_line, {"env/DB"});
  test.declare("env/DB", {test.line("media.yaml", "DB")},
               {{TemplatePart::Kind::secret, "db", {}, {}}});
  const auto found = test.field({test.line("media.yaml", "DB")}, "env/DB");
  CHECK(found.secret == "db");
  CHECK(found.commit.empty());
  CHECK(found.since.empty());
  const auto cause =
      repo.save("media.yaml", with(text, "secret.db", "secret.database"), "another secret");
  Case later(repo);
  later.owned(agreed, jellyfin_line, {"env/DB"});
  later.declare("env/DB", {later.line("media.yaml", "DB")},
                {{TemplatePart::Kind::secret, "database", {}, {}}});
  const auto changed = later.field({later.line("media.yaml", "DB")}, "env/DB");
  CHECK(changed.commit == cause);
  CHECK(changed.secret.empty());
}

TEST_CASE("provenance: what refers to another resource moved with its lines, or with itself") {
  TempRepo repo;
  const std::string text = media + "dns:\n  lab:\n    tv: \"${container.plex.ip}\"\n";
  const auto agreed = repo.save("media.yaml", text, "start");
  const Address plex{"home", "container", "plex", "pve"};
  const std::vector<TemplatePart> parts = {{TemplatePart::Kind::reference, "", plex, "ip"}};
  const auto ask = [&] {
    Case test(repo);
    test.owned(agreed, jellyfin_line, {"memory"});
    test.declare("memory", {test.line("media.yaml", "tv:")}, parts);
    Resource target;
    target.address = plex;
    target.origins = {{"ip", {test.line("media.yaml", "vmid: 1")}}};
    if (text != repo.read("media.yaml")) {
      target.origins = {{"ip", {test.line("media.yaml", "vmid: 121")}}};
    }
    test.spec.desired[plex] = target;
    return test.field({test.line("media.yaml", "tv:")});
  };
  SUBCASE("itself") {
    repo.save("other.yaml", "x-a: 1\n", "something else");
    const auto found = ask();
    REQUIRE(found.target);
    CHECK(*found.target == plex);
    CHECK(found.commit.empty());
  }
  SUBCASE("its lines") {
    const auto cause =
        repo.save("media.yaml", with(text, "vmid: 111", "vmid: 121"), "plex is renumbered");
    const auto found = ask();
    CHECK(found.commit == cause);
    CHECK_FALSE(found.target);
    CHECK(found.where == SourceRef{"media.yaml", 9, 3});
  }
}

TEST_CASE("provenance: a key that left the defaults went with the default's line") {
  TempRepo repo;
  const std::string head =
      "defaults:\n  container:\n    env:\n      TZ: UTC\n      LANG: C\n  monitor: { retries: 2 "
      "}\n";
  repo.write("homeostat.yaml", head);
  const auto agreed = repo.save("media.yaml", "containers:\n  jellyfin:\n    vmid: 110\n", "start");
  const auto cause =
      repo.save("homeostat.yaml", with(head, "      LANG: C\n", ""), "no language", "Ben");
  repo.save("media.yaml", "containers:\n  jellyfin:\n    vmid: 111\n", "another id");
  Case test(repo);
  test.owned(agreed, jellyfin_line, {"env/LANG"});
  test.declare("vmid", {test.line("media.yaml", "vmid")}, {});
  const auto found = test.field({test.line("media.yaml", "jellyfin")}, "env/LANG");
  CHECK(found.commit == cause);
  CHECK(found.removed);
  CHECK(found.where == SourceRef{"homeostat.yaml", 5, 0});
}

TEST_CASE("provenance: what a service made goes with the line that asked for it") {
  TempRepo repo;
  const std::string text =
      "services:\n  forgejo:\n    container: { vmid: 1 }\n    name: forgejo.lab.example.org\n"
      "    web: { domain: git.example.org }\n    monitor: true\n";
  const auto agreed = repo.save("services.yaml", text, "start");
  const auto no_monitor =
      repo.save("services.yaml", with(text, "    monitor: true\n", ""), "no monitor");
  repo.write("services.yaml",
             with(with(text, "    monitor: true\n", ""), "name: forgejo.lab", "name: git.lab"));
  const auto renamed = repo.commit("another name");
  repo.write("services.yaml",
             "services:\n  forgejo:\n    container: { vmid: 1 }\n"
             "    name: git.lab.example.org\n");
  const auto no_web = repo.commit("no web");
  const auto gone = [&](const Address& address, const Attributes& before) {
    Case test(repo);
    Zone zone;
    zone.key = "lab";
    zone.zone = "lab.example.org";
    test.spec.zones["lab"] = zone;
    test.change.address = address;
    test.change.before = before;
    Owned row;
    row.where = {"services.yaml", 2, 3};
    row.commit = agreed;
    row.service = "forgejo";
    test.ledger.owned[address] = row;
    return test.removed().commit;
  };
  CHECK(gone({"home", "monitor", "forgejo", "kuma"}, {}) == no_monitor);
  CHECK(gone({"home", "proxy_host", "forgejo", "npm"}, {}) == no_web);
  CHECK(gone({"home", "dns", "lab/forgejo/A", "dns"}, {}) == renamed);
  CHECK(gone({"home", "dns", "lab~v4/1/PTR", "dns"}, {{"values", {"forgejo.lab.example.org"}}}) ==
        renamed);
}

TEST_CASE("provenance: what a service makes anew comes from the line that asks for it") {
  TempRepo repo;
  const std::string text = "services:\n  forgejo:\n    container: { vmid: 1 }\n";
  repo.save("services.yaml", text + "  wiki: { address: 10.5.0.9 }\n", "start");
  const auto cause = repo.save(
      "services.yaml", text + "    monitor: true\n  wiki: { address: 10.5.0.9 }\n", "a monitor");
  repo.save("services.yaml", text + "    monitor: true\n  wiki: { address: 10.5.0.8 }\n",
            "elsewhere");
  Case test(repo);
  test.change.action = Action::create;
  test.change.address = {"home", "monitor", "forgejo", "kuma"};
  test.change.service = "forgejo";
  test.change.lines = {test.line("services.yaml", "forgejo")};
  FieldDiff diff;
  diff.cause = Cause::git;
  diff.lines = {test.line("services.yaml", "monitor"), test.line("services.yaml", "wiki")};
  test.change.fields = {diff};
  CHECK(test.fill().provenance->commit == cause);
}

TEST_CASE("provenance: of lines that one commit touched, the value's own is shown") {
  TempRepo repo;
  repo.write("a.yaml", "defaults: { memory: 1GiB }\n");
  const auto agreed = repo.save("media.yaml", media, "start");
  repo.write("a.yaml", "defaults: { memory: 2GiB }\n");
  const auto cause = repo.save("media.yaml", with(media, "memory: 2GiB", "memory: 4GiB"), "both");
  Case test(repo);
  const auto found =
      test.owned(agreed, jellyfin_line)
          .field({test.line("media.yaml", "memory: 4GiB"), test.line("a.yaml", "memory")});
  CHECK(found.commit == cause);
  CHECK(found.where == SourceRef{"media.yaml", 4, 3});
}

TEST_CASE("provenance: a record that goes with a number was moved by the number's line") {
  TempRepo repo;
  const std::string text =
      "services:\n  forgejo:\n    container: { vmid: 110 }\n    name: forgejo.lab.example.org\n";
  const auto agreed = repo.save("services.yaml", text, "start");
  const auto cause = repo.save("services.yaml", with(text, "110", "111"), "renumber");
  Case test(repo);
  Zone zone;
  zone.key = "lab";
  zone.zone = "lab.example.org";
  test.spec.zones["lab"] = zone;
  Resource record;
  record.address = {"home", "dns", "lab/forgejo/A", "dns"};
  record.origins = {
      {"values", {test.line("services.yaml", "name"), test.line("services.yaml", "container")}}};
  test.spec.desired[record.address] = record;
  test.change.address = {"home", "dns", "lab~v4/110/PTR", "dns"};
  test.change.before = {{"values", {"forgejo.lab.example.org"}}};
  Owned row;
  row.where = {"services.yaml", 2, 3};
  row.commit = agreed;
  row.service = "forgejo";
  test.ledger.owned[test.change.address] = row;
  CHECK(test.removed().commit == cause);
}
