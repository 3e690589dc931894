#include "specs/load.hpp"

#include <doctest/doctest.h>

#include "tests/support/spec.hpp"

using namespace homeostat;

namespace {

const std::string head = "homeostat: 1\nsite: home\n";
const std::string live = "providers: { live: { type: files, path: live } }\n";

std::string with_live(const std::string& text) {
  return errors_in({{"homeostat.yaml", head + live + text}});
}

}  // namespace

TEST_CASE("load: a spec holds what all files say together") {
  const Spec spec = loaded(Texts{{"homeostat.yaml", head + live},
                                 {"a.yaml", "containers: { a: { memory: 1GiB } }\n"},
                                 {"b/c.yaml",
                                  "containers: { b: { memory: 2048MiB } }\n---\n"
                                  "monitors: { web: { type: ping, target: a.example } }\n"}});
  CHECK(spec.site == "home");
  CHECK(spec.files == std::vector<std::string>{"homeostat.yaml", "a.yaml", "b/c.yaml"});
  CHECK(spec.desired.size() == 3);
  CHECK(to_string(find(spec, "container/a").address) == "home:container/a@live");
  CHECK(find(spec, "container/b").attributes == Attributes{{"memory", "2GiB"}});
  CHECK(lines_of(spec, find(spec, "monitor/web"), "type") ==
        std::vector<std::string>{"b/c.yaml:3"});
}

TEST_CASE("load: no homeostat.yaml and an empty one are errors, never an empty spec") {
  CHECK(errors_in(Texts{}) ==
        "there is no homeostat.yaml in /repo\n"
        "  hint: every spec has one; it starts with `homeostat: 1` and `site: NAME`\n");
  CHECK(errors_in(Texts{{"a.yaml", "containers: {}\n"}}) ==
        "there is no homeostat.yaml in /repo\n"
        "  hint: every spec has one; it starts with `homeostat: 1` and `site: NAME`\n");
  CHECK(errors_in(Texts{{"homeostat.yaml", "# soon\n"}}) ==
        "homeostat.yaml:1:1: homeostat.yaml does not say which version of the format it is written "
        "in\n  # soon\n  ^\n  hint: start it with `homeostat: 1`\n"
        "homeostat.yaml:1:1: the spec has no `site`\n  # soon\n  ^\n"
        "  hint: add `site: home` (or another name) to homeostat.yaml: it is a part of every "
        "marker\n");
}

TEST_CASE("load: a spec without resources is fine") {
  CHECK(loaded(Texts{{"homeostat.yaml", head}}).desired.empty());
}

TEST_CASE("load: version and site are checked") {
  CHECK(errors_in(Texts{{"homeostat.yaml", "homeostat: 2\nsite: My Home\n"}}) ==
        "homeostat.yaml:1:12: version `2` is not known\n  homeostat: 2\n             ^\n"
        "  hint: this binary reads `homeostat: 1`\n"
        "homeostat.yaml:2:7: `My Home` cannot be the name of a site\n  site: My Home\n        ^\n"
        "  hint: use lower-case letters, digits and dashes: `site: home`\n");
}

TEST_CASE("load: a key that stands twice over files names both places") {
  CHECK(errors_in(Texts{{"homeostat.yaml", head + live},
                        {"a.yaml", "site: other\nservices: { git: { container: {} } }\n"},
                        {"b.yaml", "services:\n  git: { container: {} }\n"}}) ==
        "a.yaml:1:1: `site` is already declared at homeostat.yaml:2:1\n  site: other\n  ^\n"
        "  hint: a name is declared once over all files: remove or rename one of the two\n"
        "b.yaml:2:3: `git` in `services` is already declared at a.yaml:2:13\n"
        "    git: { container: {} }\n    ^\n"
        "  hint: a name is declared once over all files: remove or rename one of the two\n");
}

TEST_CASE("load: an unknown section gets a suggestion, or the place where it belongs") {
  CHECK(with_live("service: {}\nx-anchors: { a: 1 }\n") ==
        "homeostat.yaml:4:1: unknown section `service`\n  service: {}\n  ^\n"
        "  hint: did you mean `services`?\n");
  CHECK(with_live("mode: enforce\n") ==
        "homeostat.yaml:4:1: unknown section `mode`\n  mode: enforce\n  ^\n"
        "  hint: `mode` belongs under `policy:`\n");
  CHECK(with_live("git: { container: { memory: 1GiB } }\n") ==
        "homeostat.yaml:4:1: unknown section `git`\n"
        "  git: { container: { memory: 1GiB } }\n  ^\n"
        "  hint: a service belongs under `services:`\n");
  CHECK(with_live("nas: { memory: 1GiB, cores: 2 }\n") ==
        "homeostat.yaml:4:1: unknown section `nas`\n  nas: { memory: 1GiB, cores: 2 }\n  ^\n"
        "  hint: a container belongs under `containers:`\n");
}

TEST_CASE("load: the folder of a files provider is no part of the spec") {
  const Texts texts = {{"homeostat.yaml", head + live},
                       {"live/container/a.yaml", "memory: 1GiB\n"}};
  CHECK(loaded(texts).files == std::vector<std::string>{"homeostat.yaml"});
  CHECK(errors_in(Texts{{"homeostat.yaml", head},
                        {"more.yaml", "providers:\n  lab: { type: files, path: ./state }\n"}}) ==
        "more.yaml:2:3: the `files` provider `lab` keeps its state inside this repo (state)\n"
        "    lab: { type: files, path: ./state }\n    ^\n"
        "  hint: move it to homeostat.yaml: that file is read first, and says what is not spec\n");
  CHECK(
      errors_in(Texts{{"homeostat.yaml", head + "providers: { l: { type: files, path: . } }\n"}}) ==
      "homeostat.yaml:3:38: the live state of `l` cannot be the spec's own folder\n"
      "  providers: { l: { type: files, path: . } }\n                                       ^\n"
      "  hint: give it a folder of its own: `path: live`\n");
}

TEST_CASE("load: keys of resources are letters, digits, dashes, underscores and dots") {
  CHECK(with_live("containers: { \"a b\": { memory: 1GiB } }\n") ==
        "homeostat.yaml:4:15: `a b` cannot be a name in `containers`\n"
        "  containers: { \"a b\": { memory: 1GiB } }\n                ^\n"
        "  hint: use letters, digits, `-`, `_` and `.`, and no `-` in front\n");
}

TEST_CASE("load: all errors of all files are said together, in order") {
  const std::string text =
      errors_in(Texts{{"homeostat.yaml", head + live},
                      {"b.yaml", "containers: { b: { memroy: 1GiB } }\n"},
                      {"a.yaml", "containers: { a: { memory: 1 } }\nfoo: 1\n"}});
  const std::size_t first = text.find("a.yaml:1:28");
  const std::size_t second = text.find("a.yaml:2:1");
  const std::size_t third = text.find("b.yaml:1:20");
  CHECK(first == 0);
  CHECK(second > first);
  CHECK(third > second);
  CHECK(third != std::string::npos);
}

TEST_CASE("load: what a file declares that cannot be read is not called unknown") {
  CHECK(errors_in(Texts{{"homeostat.yaml", head + live +
                                               "services: { a: { container: { env: { "
                                               "IP: \"${container.b.ip}\" } } } }\n"},
                        {"b.yaml", "services: { b: {\n"}})
            .find("no container `b`") == std::string::npos);
}
