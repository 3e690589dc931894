// What the files provider makes of a directory.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "tests/providers/files/files_lab.hpp"

using namespace homeostat;

TEST_CASE("files: a directory that is not there yet is a fresh lab") {
  FilesLab lab;
  CHECK(lab.observe().empty());
  CHECK(lab.observe("lab").empty());
  lab.write("container/web.yaml", "cores: 1\n");
  CHECK(lab.observe("lab").empty());
}

TEST_CASE("files: a path that is no directory is an error, not an empty lab") {
  FilesLab lab;
  lab.dir.write("live", "hello");
  CHECK(lab.trouble() == "live: is not a directory");
  CHECK(lab.trouble("lab") == "live: is not a directory");
}

TEST_CASE("files: each kind has its folder, each zone is a scope of its own") {
  FilesLab lab;
  lab.write("container/web.yaml", "cores: 1\n");
  lab.write("ip/lab/printer.yaml", "address: 10.5.0.9\n");
  lab.write("proxy_host/web.yaml", "domains: [a.example.org]\n");
  lab.write("monitor/web.yaml", "type: ping\n");
  lab.write("dns/lab/%40/MX.yaml", "values: ['10 mail']\n");
  lab.write("dns/lab/%2A/A.yaml", "values: 10.5.0.1\n");
  lab.write("dns/other/www/A.yaml", "values: [10.5.0.2]\n");
  std::vector<std::string> names;
  for (const LiveResource& live : lab.observe()) {
    names.push_back(to_string(live.address) + " " + live.native_id);
  }
  CHECK(names == std::vector<std::string>{"home:container/web@here container/web",
                                          "home:ip/lab/printer@here ip/lab/printer",
                                          "home:monitor/web@here monitor/web",
                                          "home:proxy_host/web@here proxy_host/web"});
  names.clear();
  for (const LiveResource& live : lab.observe("lab")) names.push_back(live.native_id);
  CHECK(names == std::vector<std::string>{"dns/lab/%2A/A", "dns/lab/%40/MX"});
  CHECK(lab.observe("other").size() == 1);
}

TEST_CASE("files: hand edits in any accepted form read as the canonical one") {
  FilesLab lab;
  lab.write("container/web.yaml",
            "memory: 2048MiB\ncores: '2'\nenv: { B: 2, A: x }\ntags: [b, a, b]\n"
            "mac: bc-24-11-00-01-10\n");
  CHECK(lab.only().attributes == Attributes{{"memory", "2GiB"},
                                            {"cores", 2},
                                            {"env", {{"A", "x"}, {"B", "2"}}},
                                            {"tags", {"a", "b"}},
                                            {"mac", "BC:24:11:00:01:10"}});
  lab.write("dns/lab/www/CNAME.yaml", "ttl: 3600s\nvalues: NAS\n");
  CHECK(lab.only("lab").attributes ==
        Attributes{{"ttl", "1h"}, {"values", {"nas.lab.example.org"}}});
}

TEST_CASE("files: ${...} in a live value is plain text") {
  FilesLab lab;
  lab.write("container/web.yaml", "env: { A: '${HOME}', B: '${' }\nmac: 02:00:00:00:00:01\n");
  CHECK(lab.only().attributes["env"] == Attributes{{"A", "${HOME}"}, {"B", "${"}});
}

TEST_CASE("files: a container has a MAC of its own, always the same, locally administered") {
  FilesLab lab;
  lab.write("container/a.yaml", "cores: 1\n");
  lab.write("container/b.yaml", "image: nginx:1.27\n");
  const auto first = lab.observe();
  CHECK(first[0].attributes["mac"].get<std::string>().substr(0, 3) == "02:");
  CHECK(first[0].attributes["mac"] != first[1].attributes["mac"]);
  CHECK(first[1].attributes["digest"].get<std::string>().size() == 7 + 64);
  CHECK_FALSE(first[0].attributes.contains("digest"));
  CHECK(lab.observe()[0].attributes == first[0].attributes);
}

TEST_CASE("files: a push monitor has a token") {
  FilesLab lab;
  lab.write("monitor/backup.yaml", "type: push\n");
  CHECK(lab.only().attributes["push_token"].get<std::string>().size() == 32);
}

TEST_CASE("files: the marker is read, and a copied file keeps that of the other") {
  FilesLab lab;
  lab.write("container/a.yaml",
            "cores: 1\nhomeostat:\n  site: home\n  address: home:container/old@here\n"
            "  id: container/a\n  protect: true\n");
  std::filesystem::copy(lab.dir.path() + "/live/container/a.yaml",
                        lab.dir.path() + "/live/container/b.yaml");
  const auto both = lab.observe();
  REQUIRE(both.size() == 2);
  CHECK(to_string(both[0].address) == "home:container/old@here");
  CHECK(both[0].marker == Marker{"home", "home:container/old@here", "container/a", true});
  CHECK(to_string(both[1].address) == "home:container/b@here");
  CHECK(both[1].marker->id != both[1].native_id);
}

TEST_CASE("files: the time of the last edit is told") {
  FilesLab lab;
  lab.write("container/a.yaml", "cores: 1\n");
  const timespec times[2] = {{1'800'000'000, 0}, {1'800'000'000, 0}};
  REQUIRE(::utimensat(AT_FDCWD, (lab.dir.path() + "/live/container/a.yaml").c_str(), times, 0) ==
          0);
  CHECK(lab.only().changed_at == Time(std::chrono::seconds(1'800'000'000)));
}

TEST_CASE("files: no error quotes what stands in a live file") {
  FilesLab lab;
  for (const char* text :
       {"env:\n  K: s3cr3t: x\n", "env:\n  K: \"s3cr3t\n", "env:\n  K: [s3cr3t\n",
        "env:\n  K: @s3cr3t\n", "env:\n  K: *s3cr3t\n", "env:\n  K: !s3cr3t x\n",
        "env:\n  K: \"s3cr3t\\q\"\n", "memory: s3cr3t\n", "cores: s3cr3t\n", "ports: [s3cr3t]\n",
        "env: s3cr3t\n", "s3cr3t: x\n", "s3cr3t\n", "ip: s3cr3t\n", "env:\n\tK: s3cr3t\n",
        "env:\n  K: 1\n  K: s3cr3t\n", "env:\n  s3cr3t: 1\n  s3cr3t: 2\n",
        "homeostat: { site: home, address: s3cr3t, id: x }\n"}) {
    CAPTURE(text);
    lab.write("container/web.yaml", text);
    const std::string trouble = lab.trouble();
    CAPTURE(trouble);
    CHECK(trouble.starts_with("live/container/web.yaml:"));
    CHECK(trouble.find("s3cr3t") == std::string::npos);
  }
}

TEST_CASE("files: leavings of editors and other files are not looked at") {
  FilesLab lab;
  lab.write("container/web.yaml", "cores: 1\n");
  for (const char* name :
       {"container/.web.yaml.swp", "container/web.yaml~", "container/x.tmp", "container/x.swp",
        "container/README.md", ".git/config", "notes.txt", "dns/lab/www/.A.yaml.12.tmp"}) {
    lab.write(name, ":[ not yaml");
  }
  CHECK(lab.observe().size() == 1);
  CHECK(lab.observe("lab").empty());
}

TEST_CASE("files: one broken file makes its whole scope unknown, and says where") {
  FilesLab lab;
  lab.write("container/good.yaml", "cores: 1\n");
  const auto trouble_of = [&](const std::string& text) {
    lab.write("container/web.yaml", text);
    return lab.trouble();
  };
  CHECK(trouble_of("cores: 1\nmemroy: 2GiB\n").starts_with("live/container/web.yaml:2:1: "));
  CHECK(trouble_of("memory: 2048\n").starts_with("live/container/web.yaml:1:9: `memory`"));
  CHECK(trouble_of("cores: [\n").starts_with("live/container/web.yaml:"));
  CHECK(trouble_of("").starts_with("live/container/web.yaml:1:1: the file is empty"));
  CHECK(trouble_of("cores: 1\n---\ncores: 2\n")
            .starts_with("live/container/web.yaml:1:1: one file holds one resource"));
  CHECK(trouble_of("- cores\n").starts_with("live/container/web.yaml:1:1: "));
  CHECK(trouble_of("cores: 1\nhomeostat: { site: home, address: x }\n")
            .starts_with("live/container/web.yaml:2:12: `id` is missing"));
  CHECK(trouble_of("cores: 1\nhomeostat: { site: home, address: x, id: y }\n")
            .starts_with("live/container/web.yaml:2:12: `address` is no address"));
  CHECK(trouble_of("cores: 1\n").empty());
}

TEST_CASE("files: a broken file of a zone leaves other zones and kinds known") {
  FilesLab lab;
  lab.write("container/web.yaml", "cores: 1\n");
  lab.write("dns/lab/www/A.yaml", "values: [10.5.0.300]\n");
  lab.write("dns/other/www/A.yaml", "values: [10.5.0.3]\n");
  CHECK(lab.trouble("lab").starts_with("live/dns/lab/www/A.yaml:1:10: "));
  CHECK(lab.trouble("other").empty());
  CHECK(lab.trouble().empty());
}

TEST_CASE("files: several broken files are counted, the first by path is shown") {
  FilesLab lab;
  for (const char* name : {"c", "a", "b"}) {
    lab.write(std::string("container/") + name + ".yaml", "coers: 1\n");
  }
  const std::string trouble = lab.trouble();
  CHECK(trouble.starts_with("live/container/a.yaml:1:1: "));
  CHECK(trouble.find("(and 2 more like it)") != std::string::npos);
}

TEST_CASE("files: what stands in the wrong place is named, never silently skipped") {
  const auto trouble_of = [](const std::string& file, const std::string& zone = "") {
    FilesLab lab;
    lab.write(file, "cores: 1\n");
    return lab.trouble(zone);
  };
  CHECK(trouble_of("containers/web.yaml").starts_with("live/containers: is the folder of no kind"));
  CHECK(trouble_of("web.yaml").starts_with("live/web.yaml: stands above"));
  CHECK(trouble_of("container/a/b.yaml").starts_with("live/container/a: stands at the wrong"));
  CHECK(trouble_of("ip/printer.yaml").starts_with("live/ip/printer.yaml: stands at the wrong"));
  CHECK(trouble_of("container/web.yml").starts_with("live/container/web.yml: is not read"));
  CHECK(trouble_of("dns/lab/www.yaml", "lab").starts_with("live/dns/lab/www.yaml: stands at"));
  CHECK(trouble_of("dns/lab/www/a.yaml", "lab")
            .starts_with("live/dns/lab/www/a.yaml: `a` is no type of record"));
  CHECK(trouble_of("dns/lab/@/A.yaml", "lab").find("rename it to `%40`") != std::string::npos);
  CHECK(trouble_of("dns/lab/WWW/A.yaml", "lab").find("rename its folder to `www`") !=
        std::string::npos);
}

TEST_CASE("files: symbolic links below the directory are refused, the directory may be one") {
  FilesLab lab;
  lab.dir.write("elsewhere/web.yaml", "cores: 1\n");
  lab.write("container/good.yaml", "cores: 1\n");
  const std::string live = lab.dir.path() + "/live";
  REQUIRE(::symlink("../../elsewhere/web.yaml", (live + "/container/web.yaml").c_str()) == 0);
  CHECK(lab.trouble().starts_with("live/container/web.yaml: is a symbolic link"));
  REQUIRE(::unlink((live + "/container/web.yaml").c_str()) == 0);
  REQUIRE(::symlink("../elsewhere", (live + "/monitor").c_str()) == 0);
  CHECK(lab.trouble().starts_with("live/monitor: is a symbolic link"));
  REQUIRE(::symlink("../elsewhere", (live + "/dns").c_str()) == 0);
  CHECK(lab.trouble("lab").starts_with("live/dns: is a symbolic link"));
  REQUIRE(::unlink((live + "/monitor").c_str()) == 0);

  REQUIRE(::symlink("live", (lab.dir.path() + "/link").c_str()) == 0);
  lab.settings["path"] = "link";
  lab.open();
  REQUIRE(::unlink((live + "/dns").c_str()) == 0);
  CHECK(lab.observe().size() == 1);
}

TEST_CASE("files: a link that leads nowhere is no empty directory") {
  FilesLab lab;
  REQUIRE(::symlink("gone", (lab.dir.path() + "/link").c_str()) == 0);
  lab.settings["path"] = "link";
  lab.open();
  CHECK(lab.trouble().starts_with("link: is a symbolic link that leads nowhere"));
  CHECK(lab.trouble("lab").starts_with("link: is a symbolic link that leads nowhere"));
}

TEST_CASE("files: a pipe in the place of a file is an error, and nobody waits for it") {
  FilesLab lab;
  lab.write("container/a.yaml", "cores: 1\n");
  REQUIRE(::mkfifo((lab.dir.path() + "/live/container/web.yaml").c_str(), 0600) == 0);
  CHECK(lab.trouble().starts_with("live/container/web.yaml: is a symbolic link, or no file"));
}

TEST_CASE("files: many files are all read, whichever thread takes them") {
  FilesLab lab;
  for (int i = 0; i < 1000; ++i) {
    lab.write("container/c" + std::to_string(i) + ".yaml", "vmid: " + std::to_string(100 + i));
  }
  const auto all = lab.observe();
  REQUIRE(all.size() == 1000);
  CHECK(std::is_sorted(all.begin(), all.end(),
                       [](const auto& a, const auto& b) { return a.native_id < b.native_id; }));
  for (const LiveResource& live : all) {
    CHECK(live.native_id ==
          "container/c" + std::to_string(live.attributes["vmid"].get<int>() - 100));
  }
}

TEST_CASE("files: a stop request ends the reading as cancelled") {
  FilesLab lab;
  lab.write("container/web.yaml", "cores: 1\n");
  std::stop_source stop;
  stop.request_stop();
  const auto observation = lab.files->observe(Scope{"here", ""}, stop.get_token());
  REQUIRE_FALSE(observation);
  CHECK(observation.error().kind == ErrorKind::cancelled);
}
