// What the files provider writes.
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "providers/files/format.hpp"
#include "tests/providers/files/files_lab.hpp"

using namespace homeostat;

namespace {

const Attributes web = {{"memory", "2GiB"}, {"cores", 2}, {"env", {{"A", "1"}, {"B", "yes"}}}};

std::string why(const Result<StepResult>& result) {
  return result ? "" : to_string(result.error());
}

}  // namespace

TEST_CASE("files: a created resource is a file that people can read") {
  FilesLab lab;
  const auto made = lab.create("container/web", web);
  REQUIRE(made);
  CHECK(made->native_id == "container/web");
  const LiveResource live = lab.only();
  CHECK(live.attributes == made->attributes);
  CHECK(live.attributes["env"] == web["env"]);
  CHECK(live.marker == Marker{"home", "home:container/web@here", "container/web", false});
  const std::string text = lab.read("container/web.yaml");
  CHECK(text.find("memory: 2GiB\n") != std::string::npos);
  CHECK(text.find("homeostat:\n") != std::string::npos);
  CHECK(text.find("digest") == std::string::npos);
}

TEST_CASE("files: every kind reads back as it was written") {
  const std::vector<std::pair<std::string, Attributes>> all = {
      {"container/forgejo", web},
      {"ip/lab/printer", {{"address", "10.5.0.9"}, {"mac", "BC:24:11:00:01:10"}}},
      {"dns/lab/%40/MX", {{"values", {"10 mail.lab.example.org"}}, {"ttl", "1h"}}},
      {"dns/lab/%2A/TXT", {{"values", {R"("\"quoted\" \\ text: yes # no")", "v=spf1 -all"}}}},
      {"dns/lab/one/CNAME", {{"values", {"localhost."}}}},
      {"dns/lab/_h._tcp/SRV", {{"values", {"0 5 5060 sip.example.org"}}}},
      {"dns/lab/%40/CAA", {{"values", {"0 issue \"letsencrypt.org\""}}}},
      {"proxy_host/.hidden", {{"domains", {"git.example.org"}}, {"http2", true}}},
      {"monitor/web", {{"type", "http"}, {"interval", "1m"}, {"tags", {"a", "b"}}}}};
  for (const auto& row : all) {
    const auto& text = row.first;
    const auto& attributes = row.second;
    CAPTURE(text);
    FilesLab lab;
    const auto made = lab.create(text, attributes);
    REQUIRE_MESSAGE(made, why(made));
    const LiveResource live = lab.only(text.starts_with("dns") ? "lab" : "");
    CHECK(to_string(live.address) == to_string(FilesLab::address(text)));
    for (const auto& [field, value] : attributes.items()) {
      CHECK(live.attributes[field] == value);
    }
    CHECK(live.attributes == made->attributes);
    CHECK(lab.create(text, attributes));
  }
}

TEST_CASE("files: a file that is new is private, one that was there keeps its mode") {
  FilesLab lab;
  REQUIRE(lab.create("container/web", web));
  const std::string path = lab.dir.path() + "/live/container/web.yaml";
  struct stat status = {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  CHECK((status.st_mode & 07777U) == 0600U);
  REQUIRE(::chmod(path.c_str(), 0640) == 0);
  REQUIRE(lab.apply(StepKind::update, "container/web", "container/web", web, {{"cores", 3}}));
  REQUIRE(::stat(path.c_str(), &status) == 0);
  CHECK((status.st_mode & 07777U) == 0640U);
}

TEST_CASE("files: creating twice is one thing, creating over somebody else's is a conflict") {
  FilesLab lab;
  REQUIRE(lab.create("container/web", web));
  const std::string text = lab.read("container/web.yaml");
  CHECK(lab.create("container/web", web));
  CHECK(lab.read("container/web.yaml") == text);
  const auto other = lab.create("container/web", {{"cores", 8}});
  REQUIRE_FALSE(other);
  CHECK(other.error().kind == ErrorKind::conflict);
  lab.write("container/hand.yaml", "cores: 2\n");
  CHECK(why(lab.create("container/hand", {{"cores", 2}})) ==
        "live/container/hand.yaml: was made by somebody else since it was looked at (plan again)");
  CHECK(lab.read("container/hand.yaml") == "cores: 2\n");
}

TEST_CASE("files: an update merges what the step holds, and leaves the rest") {
  FilesLab lab;
  lab.write("container/web.yaml",
            "# mine\ncores: 2\nmemory: 2048MiB\nswap: 1GiB\nenv: { A: 1, B: 2 }\ntags: [hand]\n");
  const Attributes before = lab.only().attributes;
  const auto updated = lab.apply(StepKind::update, "container/web", "container/web", before,
                                 {{"cores", 4},
                                  {"swap", nullptr},
                                  {"env", {{"A", nullptr}, {"C", "3"}}},
                                  {"tags", {{"ours", true}}}});
  REQUIRE_MESSAGE(updated, why(updated));
  const LiveResource live = lab.only();
  CHECK(live.attributes == Attributes{{"cores", 4},
                                      {"memory", "2GiB"},
                                      {"env", {{"B", "2"}, {"C", "3"}}},
                                      {"tags", {"hand", "ours"}},
                                      {"mac", before["mac"]}});
  CHECK(live.marker);
  CHECK(updated->attributes == live.attributes);
}

TEST_CASE("files: applying the same update twice changes nothing the second time") {
  FilesLab lab;
  REQUIRE(lab.create("container/web", web));
  const Attributes before = lab.only().attributes;
  for (const StepKind kind : {StepKind::update, StepKind::restart}) {
    REQUIRE(lab.apply(kind, "container/web", "container/web", before, {{"cores", 4}}));
    CHECK(lab.only().attributes["cores"] == 4);
  }
}

TEST_CASE("files: a field that somebody changed since the look is a conflict, others are not") {
  FilesLab lab;
  REQUIRE(lab.create("container/web", web));
  const Attributes before = lab.only().attributes;
  lab.write("container/web.yaml", "cores: 16\nmemory: 2GiB\n");
  const auto refused =
      lab.apply(StepKind::update, "container/web", "container/web", before, {{"cores", 4}});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == ErrorKind::conflict);
  CHECK(refused.error().message ==
        "live/container/web.yaml: `cores` was changed since it was looked at");
  CHECK(lab.only().attributes["cores"] == 16);
  CHECK(
      lab.apply(StepKind::update, "container/web", "container/web", before, {{"memory", "4GiB"}}));
  CHECK(lab.only().attributes["cores"] == 16);
}

TEST_CASE("files: an update of what is gone is a conflict, and makes nothing") {
  FilesLab lab;
  const auto gone =
      lab.apply(StepKind::update, "container/web", "container/web", web, {{"cores", 4}});
  CHECK(why(gone) == "live/container/web.yaml: is gone since it was looked at (plan again)");
  CHECK_FALSE(lab.exists("container/web.yaml"));
}

TEST_CASE("files: a replace is a new thing, with nothing left of the old one") {
  FilesLab lab;
  REQUIRE(lab.create("container/web", web));
  const Attributes before = lab.only().attributes;
  const auto replaced = lab.apply(StepKind::replace, "container/web", "container/web", before,
                                  {{"cores", 2}, {"image", "nginx:1.27"}});
  REQUIRE_MESSAGE(replaced, why(replaced));
  const Attributes now = lab.only().attributes;
  CHECK_FALSE(now.contains("memory"));
  CHECK_FALSE(now.contains("env"));
  CHECK(now["image"] == "nginx:1.27");
}

TEST_CASE("files: the digest follows the image") {
  FilesLab lab;
  REQUIRE(lab.create("container/web", {{"image", "nginx:1.27"}}));
  const Attributes before = lab.only().attributes;
  const auto updated = lab.apply(StepKind::update, "container/web", "container/web", before,
                                 {{"image", "nginx:1.28"}});
  REQUIRE(updated);
  CHECK(updated->attributes["digest"] != before["digest"]);
  CHECK(lab.only().attributes == updated->attributes);
}

TEST_CASE("files: removing takes the file and its empty folders, and absent is fine") {
  FilesLab lab;
  REQUIRE(lab.create("dns/lab/www/A", {{"values", {"10.5.0.1"}}}));
  REQUIRE(lab.create("dns/lab/www/AAAA", {{"values", {"fd00::1"}}}));
  const auto all = lab.observe("lab");
  REQUIRE(
      lab.apply(StepKind::remove, "dns/lab/www/A", all[0].native_id, all[0].attributes, nullptr));
  CHECK_FALSE(lab.exists("dns/lab/www/A.yaml"));
  CHECK(lab.exists("dns/lab/www/AAAA.yaml"));
  REQUIRE(lab.apply(StepKind::remove, "dns/lab/www/AAAA", all[1].native_id, all[1].attributes,
                    nullptr));
  CHECK_FALSE(lab.exists("dns/lab"));
  CHECK(lab.exists("dns"));
  CHECK(lab.apply(StepKind::remove, "dns/lab/www/A", "dns/lab/www/A", nullptr, nullptr));
}

TEST_CASE("files: what was changed or taken over since the look is not removed") {
  FilesLab lab;
  REQUIRE(lab.create("container/web", web));
  const Attributes before = lab.only().attributes;
  lab.write("container/web.yaml", "cores: 16\n");
  const auto changed =
      lab.apply(StepKind::remove, "container/web", "container/web", before, nullptr);
  REQUIRE_FALSE(changed);
  CHECK(changed.error().kind == ErrorKind::conflict);
  lab.write(
      "container/web.yaml",
      "cores: 2\nhomeostat: { site: other, address: 'container/web@x', id: container/web }\n");
  const auto foreign =
      lab.apply(StepKind::remove, "container/web", "container/web", lab.only().attributes, nullptr);
  CHECK(why(foreign).find("came to be of site other") != std::string::npos);
  CHECK(lab.exists("container/web.yaml"));
}

TEST_CASE("files: stop, mark and unmark change what they say and nothing else") {
  FilesLab lab;
  lab.write("container/web.yaml", "cores: 2\n");
  const Attributes before = lab.only().attributes;
  REQUIRE(lab.apply(StepKind::mark, "container/web", "container/web", before, nullptr));
  CHECK(lab.only().marker == Marker{"home", "home:container/web@here", "container/web", false});
  REQUIRE(lab.apply(StepKind::stop, "container/web", "container/web", before, nullptr));
  Attributes stopped = before;
  stopped["running"] = false;
  CHECK(lab.only().attributes == stopped);
  CHECK(lab.only().marker);
  const Address address = FilesLab::address("container/web");
  const std::string id = "container/web";
  const Attributes none;
  const Marker no_marker;
  const Step unmark{StepKind::mark, address, id, before, none, no_marker};
  REQUIRE(lab.files->apply(std::span(&unmark, 1), {}).front());
  CHECK_FALSE(lab.only().marker);
  CHECK(lab.only().attributes == stopped);
}

TEST_CASE("files: a rename moves the file, with or without other changes") {
  FilesLab lab;
  REQUIRE(lab.create("dns/lab/old/A", {{"values", {"10.5.0.1"}}}));
  const LiveResource before = lab.only("lab");
  const auto moved =
      lab.apply(StepKind::mark, "dns/lab/new/A", before.native_id, before.attributes, nullptr);
  REQUIRE_MESSAGE(moved, why(moved));
  CHECK(moved->native_id == "dns/lab/new/A");
  CHECK_FALSE(lab.exists("dns/lab/old"));
  const LiveResource now = lab.only("lab");
  CHECK(now.marker == Marker{"home", "home:dns/lab/new/A@here", "dns/lab/new/A", false});
  CHECK(now.attributes == before.attributes);
  CHECK(lab.apply(StepKind::mark, "dns/lab/new/A", before.native_id, before.attributes, nullptr));

  const auto again = lab.apply(StepKind::update, "dns/lab/newer/A", now.native_id, now.attributes,
                               {{"values", {"10.5.0.2"}}});
  REQUIRE_MESSAGE(again, why(again));
  CHECK(lab.only("lab").native_id == "dns/lab/newer/A");
  CHECK(lab.only("lab").attributes["values"] == Attributes::array({"10.5.0.2"}));
}

TEST_CASE("files: a rename that was killed halfway is not made yet, and is finished later") {
  FilesLab lab;
  REQUIRE(lab.create("container/old", web));
  const LiveResource before = lab.only();
  const std::string old_text = lab.read("container/old.yaml");
  const auto move = [&] {
    return lab.apply(StepKind::mark, "container/new", before.native_id, before.attributes, nullptr);
  };
  REQUIRE(move());
  const std::string new_text = lab.read("container/new.yaml");
  CHECK(new_text.find("moved_from") == std::string::npos);
  // As it is between the new file and the end of the old one.
  lab.write("container/old.yaml", old_text);
  const std::string half = "  moved_from: container/old\n  moved_text: \"" +
                           files::fingerprint(old_text, files::move_digits) + "\"\n";
  std::string half_text = new_text;
  half_text.insert(half_text.find("homeostat:\n") + 11, half);
  lab.write("container/new.yaml", half_text);
  CHECK(lab.only().native_id == "container/old");

  REQUIRE_MESSAGE(move(), why(move()));
  CHECK(lab.only().native_id == "container/new");
  CHECK(lab.read("container/new.yaml") == new_text);

  // Between the end of the old one and the last write; then somebody makes another `old`.
  lab.write("container/new.yaml", half_text);
  CHECK(lab.only().native_id == "container/new");
  lab.write("container/old.yaml", "cores: 1\n");
  CHECK(lab.observe().size() == 2);
}

TEST_CASE("files: a renamed container keeps its MAC, and never lands on another") {
  FilesLab lab;
  REQUIRE(lab.create("container/old", web));
  const LiveResource before = lab.only();
  lab.write("container/taken.yaml", "cores: 1\n");
  const auto refused =
      lab.apply(StepKind::mark, "container/taken", before.native_id, before.attributes, nullptr);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == ErrorKind::conflict);
  CHECK(lab.exists("container/old.yaml"));
  REQUIRE(lab.apply(StepKind::mark, "container/new", before.native_id, before.attributes, nullptr));
  CHECK(lab.observe()[0].attributes["mac"] == before.attributes["mac"]);
}

TEST_CASE("files: opened for planning, it refuses every write") {
  FilesLab lab;
  lab.open(true);
  CHECK_FALSE(lab.create("container/web", web));
  CHECK_FALSE(lab.exists(""));
}

TEST_CASE("files: no file is written over a broken one, or through a link") {
  FilesLab lab;
  lab.write("container/web.yaml", "cores: [\n");
  CHECK_FALSE(lab.apply(StepKind::update, "container/web", "container/web", web, {{"cores", 1}}));
  CHECK(lab.read("container/web.yaml") == "cores: [\n");
  REQUIRE(std::filesystem::create_directory(lab.dir.path() + "/out"));
  REQUIRE(::symlink("../out", (lab.dir.path() + "/live/monitor").c_str()) == 0);
  CHECK(why(lab.create("monitor/web", {{"type", "ping"}}))
            .starts_with("live/monitor: is a symbolic link"));
  CHECK(std::filesystem::is_empty(lab.dir.path() + "/out"));
}

TEST_CASE("files: a batch stops at the first step that fails") {
  FilesLab lab;
  lab.write("dns/lab/a/A.yaml", "values: [10.5.0.9]\n");
  const Address a = FilesLab::address("dns/lab/a/A");
  const Address b = FilesLab::address("dns/lab/b/A");
  const std::string none;
  const Attributes absent;
  const Attributes values = {{"values", {"10.5.0.1"}}};
  const Marker marker{"home", "home:dns/lab/a/A@here", "", false};
  const std::vector<Step> steps = {Step{StepKind::create, a, none, absent, values, marker},
                                   Step{StepKind::create, b, none, absent, values, marker}};
  const auto results = lab.files->apply(steps, {});
  REQUIRE(results.size() == 2);
  CHECK(results[0].error().kind == ErrorKind::conflict);
  CHECK(results[1].error().kind == ErrorKind::cancelled);
  CHECK_FALSE(lab.exists("dns/lab/b"));
}

TEST_CASE("files: a stop request before the write leaves everything as it is") {
  FilesLab lab;
  std::stop_source stop;
  stop.request_stop();
  const auto result =
      lab.apply(StepKind::create, "container/web", "", nullptr, web, stop.get_token());
  REQUIRE_FALSE(result);
  CHECK(result.error().kind == ErrorKind::cancelled);
  CHECK_FALSE(lab.exists("container"));
}
