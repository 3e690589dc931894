// yaml-cpp's events -> nodes, in one pass.
#pragma once

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/mark.h>

#include <string>
#include <vector>

#include "specs/yaml.hpp"
#include "specs/yaml_text.hpp"

namespace homeostat::yaml {

// Where the parser stood when it gave up.
struct Context {
  std::size_t last = 0;        // byte of the last event
  bool in_flow = false;        // inside { } or [ ]
  std::size_t flow_start = 0;  // byte of the innermost bracket (or its tag or anchor)
  int column = -1;             // of the innermost collection if it is a block mapping, from 0
};

// Thrown by the builder, whose error stands in `errors` then: yaml-cpp offers no other way to stop
// it. parse() catches it.
struct Stop {};

class Builder final : public YAML::EventHandler {
 public:
  Builder(const Text& text, std::uint32_t file, const Limits& limits, Errors& errors);

  [[nodiscard]] std::vector<Node> take_documents() { return std::move(documents_); }
  [[nodiscard]] Context context() const;
  // yaml-cpp takes a quote that the end of the file closes; we do not. True: an error was added.
  bool report_open_quote();

  void OnDocumentStart(const YAML::Mark& mark) override;
  void OnDocumentEnd() override;
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override;
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override;
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override;
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value style) override;
  void OnSequenceEnd() override { close(NodeKind::sequence); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value style) override;
  void OnMapEnd() override { close(NodeKind::mapping); }

 private:
  struct Open {             // a collection whose end has not come yet
    std::size_t first = 0;  // of its children in values_
    bool mapping = false;
    bool flow = false;
    YAML::anchor_t anchor = 0;
    std::size_t pos = 0;
    int column = 0;
    Origin at;
  };
  struct Anchored {
    Node node;
    std::size_t nodes = 0;
    std::size_t height = 0;
    bool complete = false;
  };

  void begin(const YAML::Mark& mark);
  void open(const YAML::Mark& mark, YAML::anchor_t anchor, bool mapping, bool flow);
  void close(NodeKind kind);
  void apply_tag(Node& node, const std::string& tag, std::size_t pos);
  void check_collection_tag(const std::string& tag, bool mapping, std::size_t pos);
  void check_tab(const YAML::Mark& mark);
  void tidy_mapping(std::vector<Node>& items);
  void refuse_odd_keys(std::vector<Node>& items);
  void refuse_duplicates(std::vector<Node>& items);
  void merge(std::vector<Node>& items);
  void remember(YAML::anchor_t anchor, const Node& node);
  void charge(std::size_t& made, std::size_t nodes, std::size_t pos, const char* message);
  [[nodiscard]] Origin origin(const YAML::Mark& mark);
  [[nodiscard]] Origin null_origin(const YAML::Mark& mark);
  [[nodiscard]] bool is_bare_key(const YAML::Mark& mark) const;
  [[noreturn]] void stop(Error error);

  const Text& text_;
  std::uint32_t file_;
  Limits limits_;
  Errors& errors_;

  std::vector<Node> documents_;
  // The children of all open collections, one behind the other: a collection that ends takes its
  // own from the back, and so allocates once.
  std::vector<Node> values_;
  std::vector<Open> open_;
  std::vector<Anchored> anchors_;  // of this document; yaml-cpp numbers them from 1

  std::size_t parsed_ = 0;         // nodes of the file so far
  std::size_t parsed_in_all_ = 0;  // counted when an alias first goes above the limit so far
  std::size_t made_by_aliases_ = 0;
  std::size_t kept_for_aliases_ = 0;

  std::size_t last_ = 0;         // byte of the last event
  std::size_t last_quoted_ = 0;  // and of the last scalar in quotes
  bool any_quoted_ = false;
  bool any_document_ = false;
  std::size_t document_ = 0;  // byte of the last document's start
  // Column counting: characters of the current line up to a byte of it.
  int counted_line_ = -1;
  std::size_t counted_pos_ = 0;
  std::uint32_t counted_characters_ = 0;
};

}  // namespace homeostat::yaml
