// One mistake, one error, and a hint that can be copied.
#include <doctest/doctest.h>

#include <algorithm>

#include "tests/support/spec.hpp"

using namespace homeostat;

namespace {

// "message (hint)", one a line.
std::string said(const Texts& texts) {
  std::string out;
  const auto spec = load_texts(texts);
  if (spec) return out;
  for (const Error& error : spec.error()) out += error.message + " (" + error.hint + ")\n";
  return out;
}

std::string said(const std::string& text) {
  return said(Texts{{"homeostat.yaml", homelab()}, {"spec.yaml", text}});
}

std::string container(const std::string& fields) {
  return said("containers: { c: { " + fields + " } }\n");
}

}  // namespace

TEST_CASE("messages: a typo is said, and not what is missing because of it") {
  CHECK(
      said("services: { s: { address: 10.5.0.3, web: { domian: a.example.org, port: 80 } } }\n") ==
      "`domian` is not a field of `proxy_host` (did you mean `domain`?)\n");
  CHECK(
      said("services: { s: { address: 10.5.0.3, web: { domain: a.example.org, prot: 80 } } }\n") ==
      "`prot` is not a field of `proxy_host` (did you mean `port`?)\n");
  CHECK(said("services: { s: { address: 10.5.0.3, web: { port: 80, cache: true } } }\n")
            .find("`cache` is not a field of `proxy_host`") != std::string::npos);
  CHECK(said("services: { s: { address: 10.5.0.3, monitor: { type: tcp, prot: 80 } } }\n") ==
        "`prot` is not a field of `monitor` (did you mean `port`?)\n");
  CHECK(said("ips: { lab: { printer: { adress: 10.5.0.7 } } }\n") ==
        "`adress` is not a field of `ip` (did you mean `address`?)\n");
  CHECK(said("secrets: { s: { fiel: /x } }\n") ==
        "`fiel` is not a field of `secret` (did you mean `file`?)\n");
  CHECK(container("memory: !defalt") == "unknown tag `!defalt` (did you mean `!default`?)\n");
}

TEST_CASE("messages: a resource without a clear provider is read even so") {
  CHECK(said("containers: { c: { provider: pvee, memroy: 1GiB } }\n") ==
        "there is no provider `pvee` (did you mean `pve`?)\n"
        "`memroy` is not a field of `container` (did you mean `memory`?)\n");
}

TEST_CASE("messages: a broken file hides no mistake of another, and makes none up") {
  const std::string broken = homelab() + "oops: [\n";
  const std::string live = "type: http\ntarget: http://a.example/\nhomeostat: { id: x }\n";
  const std::string errors = said(Texts{{"homeostat.yaml", broken},
                                        {"live/kuma/monitor/a.yaml", live},
                                        {"live/pve/container/b.yaml", "networks: [a]\nvmid: 7\n"},
                                        {"spec.yaml", "containers: { c: { memroy: 1GiB } }\n"},
                                        {"zone.yaml",
                                         "serivces: { a: {} }\ndns: { lab: { a: "
                                         "10.5.0.3 } }\n"}});
  CHECK(errors.find("`[`") != std::string::npos);
  CHECK(errors.find("`memroy` is not a field of `container` (did you mean `memory`?)\n"
                    "unknown section `serivces` (did you mean `services`?)\n") !=
        std::string::npos);
  CHECK(std::count(errors.begin(), errors.end(), '\n') == 3);
}

TEST_CASE("messages: bare sizes are meant in the unit of their field") {
  CHECK(container("disk: 16") == "`disk`: 16 what? (write 16GiB)\n");
  CHECK(container("disk: 500") == "`disk`: 500 what? (write 500GiB)\n");
  CHECK(container("memory: 4") == "`memory`: 4 what? (write 4GiB)\n");
  CHECK(container("memory: 512") == "`memory`: 512 what? (write 512MiB)\n");
  CHECK(container("swap: 512") == "`swap`: 512 what? (write 512MiB)\n");
  CHECK(container("disk: 17179869184") == "`disk`: 17179869184 what? (write 16GiB)\n");
}

TEST_CASE("messages: numbers and durations between two whole ones") {
  CHECK(container("cores: 1.5") == "`cores`: `1.5` is not a whole number (write 1 or 2)\n");
  CHECK(container("stop_timeout: 1500ms") ==
        "`stop_timeout`: `1500ms` is not a whole number of seconds (write 2s)\n");
}

TEST_CASE("messages: names are written in full and alone") {
  const auto service = [](const std::string& fields) {
    return said("services: { s: { address: 10.5.0.3, " + fields + " } }\n");
  };
  CHECK(service("name: a") ==
        "`a` is no full name (write it with its zone: `a.lab.example.org`)\n");
  CHECK(service("web: { domain: \"https://git.example.org:443/x\", port: 80 }") ==
        "`domain`: a name is needed, and this is a URL (write `git.example.org` alone)\n");
  CHECK(service("name: []") == "`name` names nothing (write a full name, or remove the line)\n");
  CHECK(service("name: -a.lab.example.org") ==
        "`-a` begins or ends with a hyphen (a part of a name begins and ends with a letter or a "
        "digit)\n");
  CHECK(said("dns: { lab: { -a: 10.5.0.3, b: 10.5.0.4 } }\n").find("`-a` begins") == 0);
  CHECK(
      said("containers: { -c: {} }\n") ==
      "`-c` cannot be a name in `containers` (use letters, digits, `-`, `_` and `.`, and no `-` in "
      "front)\n");
}

TEST_CASE("messages: values of the wrong shape") {
  CHECK(container("depends_on: db } , db: { ")
            .find("it has no `/` between kind and name (write an address: `container/db`)") !=
        std::string::npos);
  CHECK(container("env: { E: }") ==
        "`E` has no value (write `E: \"\"` for an empty text, or remove the line)\n");
  CHECK(
      container("provider: f, command: serve --port 8080 } }\nproviders: { f: { type: files, path: "
                "/tmp/f") ==
      "`command` is a list of words (write `command: [serve, --port, \"8080\"]`)\n");
  CHECK(container("entrypoint: sh -c 'a b'").find("[PROGRAM, ARGUMENT, ...]") != std::string::npos);
  CHECK(container("command: /init").empty());
}

TEST_CASE("messages: a CAA tag is one that somebody reads") {
  CHECK(said("dns: { lab: { \"@\": { CAA: '0 isue \"letsencrypt.org\"' } } }\n") ==
        "`isue` is no CAA tag (did you mean `issue`?)\n");
  CHECK(
      said("dns: { lab: { \"@\": { CAA: ['0 issuewild \";\"', '0 iodef \"mailto:a@b.example\"'] } "
           "} }\n")
          .empty());
}

TEST_CASE("messages: what is each resource's own has no default, and empty things say nothing") {
  const std::string head = "homeostat: 1\nsite: home\n";
  CHECK(said(Texts{{"homeostat.yaml", head + "defaults: { dns: { values: [10.5.0.3] } }\n"}}) ==
        "`values` cannot have a default: a record has its own (write it where each is declared)\n");
  CHECK(
      said(Texts{{"homeostat.yaml", head + "defaults: { dns: }\nservices:\ndns: { }\n"}}).empty());
  CHECK(said("services: { c: {} }\n") ==
        "a service is a mapping of its parts (write { container: { ... }, name: ..., web: { ... }, "
        "monitor: { ... } })\n");
}

TEST_CASE("messages: a spec in a folder below is pointed to") {
  const std::string error = said(Texts{{"lab/homeostat.yaml", homelab()}});
  CHECK(error.find("there is one in lab: give that folder instead") != std::string::npos);
}
