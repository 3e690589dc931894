// PowerDNS on its bench: a real server, a wire in front of it, a zone a chapter.
#pragma once

#include "tests/contract/bad_days.hpp"
#include "tests/support/pdns_server.hpp"

namespace homeostat::contract {

class PdnsBench final : public WiredBench {
 public:
  explicit PdnsBench(test::PdnsBackend backend = test::PdnsBackend::sqlite);
  std::string open() override;
  [[nodiscard]] std::vector<Sample> samples() const;
  std::string peek(const std::string& name) override;
  std::size_t count() override;
  void plant(const Sample& sample, int number, bool like_the_sample) override;
  void disturb(const Sample& sample, int number) override;
  void drop(const std::string& name) override;
  bool copy(const std::string& from, const std::string& to) override;
  [[nodiscard]] Sample rename(const Sample& sample, std::string& head) const override;
  [[nodiscard]] bool marks() const override { return backend_ == test::PdnsBackend::sqlite; }
  test::FaultProxy& wire() override { return wire_; }

 private:
  struct Set {
    std::string name;
    std::string type;
  };
  [[nodiscard]] Set set_of(const std::string& name) const;

  test::PdnsServer server_;
  test::FaultProxy wire_;
  test::PdnsBackend backend_;
  std::string zone_;
  int zones_ = 0;
};

}  // namespace homeostat::contract
