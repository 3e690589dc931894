// Who keeps the contract.
#include <doctest/doctest.h>

#include <set>

#include "tests/contract/files_bench.hpp"
#include "tests/contract/pdns_bench.hpp"

namespace homeostat::contract {
namespace {

// The titles of what could not be played.
std::set<std::string> play(Bench& bench, const std::vector<Sample>& samples) {
  std::set<std::string> left_out;
  for (const Chapter& chapter : chapters()) {
    for (const Sample& sample : samples) {
      const Told told = chapter.play(bench, sample);
      CAPTURE(chapter.title);
      CAPTURE(sample.name);
      for (const std::string& complaint : told.complaints) CHECK_MESSAGE(false, complaint);
      CHECK(told.complaints.empty());
      if (!told.cannot.empty()) left_out.insert(kind_of(sample.name) + ": " + chapter.title);
    }
  }
  return left_out;
}

constexpr const char* other_name = "a thing under another name is the same thing";

}  // namespace

TEST_CASE("contract: files, on good days") {
  FilesBench bench;
  const std::string title = std::string(": ") + other_name;
  CHECK(play(bench, bench.samples()) ==
        std::set<std::string>{"dns" + title, "ip" + title, "monitor" + title});
}

TEST_CASE("contract: powerdns, on good days") {
  PdnsBench bench;
  CHECK(play(bench, bench.samples()).empty());
}

TEST_CASE("contract: powerdns with a backend that keeps no comments, on good days") {
  PdnsBench bench(test::PdnsBackend::lmdb);
  CHECK(play(bench, bench.samples()) == std::set<std::string>{std::string("dns: ") + other_name});
}

TEST_CASE("contract: powerdns, on bad days") {
  PdnsBench bench;
  const Sample sample = bench.samples().front();
  for (const BadChapter& chapter : bad_days()) {
    const Complaints complaints = chapter.play(bench, sample);
    CAPTURE(chapter.title);
    for (const std::string& complaint : complaints) CHECK_MESSAGE(false, complaint);
    CHECK(complaints.empty());
  }
}

// A contract that nobody can break would be none.
TEST_CASE("contract: a server that only says that it writes breaks every chapter that writes") {
  class Liar final : public Bench {
   public:
    std::string open() override {
      std::string head = real_.open();
      real_.wire().add({"PATCH", "", real_.lie(), 0, -1});
      return head;
    }
    [[nodiscard]] Timing timing() override { return real_.timing(); }
    [[nodiscard]] std::vector<Sample> samples() const { return real_.samples(); }
    std::string peek(const std::string& name) override { return real_.peek(name); }
    std::size_t count() override { return real_.count(); }
    void plant(const Sample& sample, int number, bool like) override {
      real_.plant(sample, number, like);
    }
    void disturb(const Sample& sample, int number) override { real_.disturb(sample, number); }
    void drop(const std::string& name) override { real_.drop(name); }
    bool copy(const std::string&, const std::string&) override { return false; }
    [[nodiscard]] Sample rename(const Sample& sample, std::string& head) const override {
      return real_.rename(sample, head);
    }

   private:
    PdnsBench real_;
  };
  Liar bench;
  for (const Chapter& chapter : chapters()) {
    CAPTURE(chapter.title);
    CHECK_FALSE(chapter.play(bench, bench.samples().front()).complaints.empty());
  }
}

}  // namespace homeostat::contract
