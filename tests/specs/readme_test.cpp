// specs/README.md says what is true: its examples load, its error is what people get, and its
// tables are those of the code.
#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "specs/schema.hpp"
#include "tests/support/spec.hpp"

using namespace homeostat;

namespace {

const std::string path = std::string(HOMEOSTAT_SOURCE_DIR) + "/specs/README.md";

std::string readme() {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

struct Block {
  std::string language;
  std::string text;
  // "# file: dns.yaml" -> "file" and "dns.yaml"
  [[nodiscard]] std::string word() const { return text.substr(2, text.find(':') - 2); }
  [[nodiscard]] std::string name() const {
    const std::size_t start = text.find(": ") + 2;
    return text.substr(start, text.find('\n') - start);
  }
};

std::vector<Block> blocks() {
  std::vector<Block> found;
  std::istringstream lines(readme());
  bool inside = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("```")) {
      inside = !inside;
      if (inside) found.push_back({line.substr(3), ""});
    } else if (inside) {
      found.back().text += line + "\n";
    }
  }
  return found;
}

}  // namespace

TEST_CASE("readme: every example loads beside the first homeostat.yaml") {
  std::string base;
  std::size_t examples = 0;
  for (const Block& block : blocks()) {
    if (block.language != "yaml" || block.word() != "file") continue;
    ++examples;
    if (block.name() == "homeostat.yaml") base = block.text;
    CAPTURE(block.name());
    const Spec spec = loaded(Texts{{"homeostat.yaml", base}, {block.name(), block.text}});
    CHECK(spec.site == "home");
  }
  CHECK(examples == 10);
}

TEST_CASE("readme: the wrong example gives the shown errors") {
  std::string base;
  std::size_t shown = 0;
  const std::vector<Block> all = blocks();
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].language != "yaml") continue;
    if (all[i].name() == "homeostat.yaml") base = all[i].text;
    if (all[i].word() != "wrong") continue;
    REQUIRE(i + 1 < all.size());
    CHECK(errors_in(Texts{{"homeostat.yaml", base}, {all[i].name(), all[i].text}}) ==
          all[i + 1].text);
    ++shown;
  }
  CHECK(shown == 1);
}

TEST_CASE("readme: the tables of fields are those of the code") {
  const std::string begin = "<!-- generated: fields -->\n";
  const std::string end = "<!-- /generated -->";
  std::string text = readme();
  const std::size_t from = text.find(begin);
  const std::size_t to = text.find(end);
  REQUIRE(from != std::string::npos);
  REQUIRE(to != std::string::npos);
  const std::string wanted = reference_markdown();
  const std::string written = text.substr(from + begin.size(), to - from - begin.size());
  const char* update = std::getenv("HOMEOSTAT_UPDATE_GOLDEN");
  if (update != nullptr && std::string(update) == "1" && written != wanted) {
    text.replace(from + begin.size(), written.size(), wanted);
    std::ofstream(path) << text;
    FAIL("specs/README.md was rewritten: look at it");
  }
  CHECK_MESSAGE(written == wanted, "run with HOMEOSTAT_UPDATE_GOLDEN=1 to write it anew");
}
