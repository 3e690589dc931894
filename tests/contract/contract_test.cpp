// Who keeps the contract.
#include <doctest/doctest.h>

#include "tests/contract/files_bench.hpp"
#include "tests/contract/pdns_bench.hpp"

namespace homeostat::contract {
namespace {

void play(Bench& bench, const std::vector<Chapter>& chapters, const std::vector<Sample>& samples) {
  for (const Chapter& chapter : chapters) {
    for (const Sample& sample : samples) {
      const Complaints complaints = chapter.play(bench, sample);
      CAPTURE(chapter.title);
      CAPTURE(sample.name);
      for (const std::string& complaint : complaints) CHECK_MESSAGE(false, complaint);
      CHECK(complaints.empty());
    }
  }
}

}  // namespace

TEST_CASE("contract: files, on good days") {
  FilesBench bench;
  play(bench, good_days(), bench.samples());
}

TEST_CASE("contract: powerdns, on good days") {
  PdnsBench bench;
  play(bench, good_days(), bench.samples());
}

TEST_CASE("contract: powerdns with a backend that keeps no comments, on good days") {
  PdnsBench bench(test::PdnsBackend::lmdb);
  play(bench, good_days(), bench.samples());
}

TEST_CASE("contract: powerdns, on bad days") {
  PdnsBench bench;
  play(bench, bad_days(), {bench.samples().front()});
}

// A contract that nobody can break would be none.
TEST_CASE("contract: a server that only says that it writes breaks every chapter that writes") {
  class Liar final : public Bench {
   public:
    std::string open(const std::string& timeout) override {
      std::string head = real_.open(timeout);
      real_.wire()->add({"PATCH", "", real_.lie(), 0, -1});
      return head;
    }
    [[nodiscard]] std::vector<Sample> samples() const override { return real_.samples(); }
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
  for (const Chapter& chapter : good_days()) {
    CAPTURE(chapter.title);
    CHECK_FALSE(chapter.play(bench, bench.samples().front()).empty());
  }
}

}  // namespace homeostat::contract
