// Which commit touched a line last, and which one took it away: many questions, one walk back
// through history.
#pragma once

#include <map>
#include <optional>
#include <queue>
#include <set>
#include <string>
#include <vector>

#include "reconciler/history.hpp"

namespace homeostat {

struct LinePlace {
  std::string path;  // from the repository's top
  int line = 0;
  friend auto operator<=>(const LinePlace&, const LinePlace&) = default;
};

// What stood in a file once. It still stands there as long as its line does, or as long as the line
// that came in its place has the word.
struct OnceThere {
  LinePlace place;
  ObjectId blob = {};  // the file as it was then
  std::string word;
};

struct Touch {
  ObjectId commit = {};
  bool removed = false;
  LinePlace place;  // removed: where it stood in the commit before. Else the line as asked for
};

// A walk from one commit. Answers are of the newest commit that fits:
// - A line goes back unchanged to a parent that has it, through renames of the file. A merge is the
//   answer where no parent has the line.
// - What is gone was removed by the commit that has it no more while its parent did; of a merge,
//   history goes on in the parents without it.
// - Of several lines that one commit touched, the one that was asked for first.
// - What a question calls `since` is not the answer, nor what lies within it: a walk that comes
//   there ends, however long history is.
class Blame {
 public:
  Blame(History& history, const CommitNode& head) : history_(history), head_(head) {}

  // One question: the newest touch of any of `lines` (as they are numbered in the head), or the
  // newest removal of any of `gone`, which the head does not have.
  std::size_t ask(const std::vector<LinePlace>& lines, const std::vector<OnceThere>& gone,
                  const std::optional<ObjectId>& since);
  [[nodiscard]] bool head_has(const OnceThere& once);
  // The line in the head that came in its place and has the word; nullopt: it stands as it was, or
  // not at all.
  [[nodiscard]] std::optional<LinePlace> rewritten(const OnceThere& once);
  // Answers all. Once, after the last question.
  void walk();
  // Nullopt: nothing newer than `since` fits, or history is cut off before.
  [[nodiscard]] const std::optional<Touch>& answer(std::size_t question) const {
    return questions_[question].touch;
  }

 private:
  struct Question {
    std::optional<ObjectId> since;
    bool open = false;
    std::optional<Touch> touch;
    std::size_t rank = 0;  // of the line in `touch` among those asked for
  };
  struct Line {
    LinePlace asked;
    // Those that may still want to know, and which of their lines this is.
    std::vector<std::pair<std::size_t, std::size_t>> questions;
  };
  struct Gone {
    std::size_t question = 0;
    OnceThere once;
    std::optional<ObjectId> merge;  // a parent of it had the line: the answer, if no other is found
  };
  struct Follower {
    int line = 0;
    std::size_t id = 0;
  };
  // All that is followed in one file of one commit.
  struct Group {
    std::optional<ObjectId> blob;  // nullopt: the commit has no such file
    std::vector<Follower> lines;
    std::vector<std::size_t> gone;
  };
  using Groups = std::map<std::string, Group>;
  struct Stop {
    CommitNode commit;
    Groups groups;
  };
  struct Step;

  Group& group_at(const CommitNode& commit, const std::string& path,
                  const std::optional<ObjectId>& blob);
  void follow(std::size_t question, const OnceThere& once, const std::optional<ObjectId>& blob);
  [[nodiscard]] std::optional<int> find(const OnceThere& once, const std::optional<ObjectId>& blob);
  void answer_with(std::size_t question, const Touch& touch, std::size_t rank);
  void close_answered();
  [[nodiscard]] bool is_new(const ObjectId& commit, const Question& question);
  [[nodiscard]] bool is_wanted(const Follower& follower);
  void end_at(Stop& stop);
  void go_back(Stop& stop);
  void follow_lines(const Step& step);
  void hand_on(const CommitNode& parent, const std::string& path,
               const std::optional<ObjectId>& blob, std::vector<Follower> lines);
  std::vector<Follower> follow_into(const CommitNode& parent, const std::string& path,
                                    const ObjectId& blob, const Step& step,
                                    const std::vector<Follower>& lines);
  void follow_gone(const Step& step);
  void gone_in(const Step& step, std::size_t gone, std::size_t parent, int line);

  History& history_;
  CommitNode head_;
  std::vector<Question> questions_;
  std::size_t open_ = 0;
  std::vector<std::size_t> answered_;                     // in the commit that is looked at now
  std::set<ObjectId> ends_;                               // `since` of the questions
  std::map<std::pair<ObjectId, ObjectId>, bool> is_new_;  // commit, since
  std::map<LinePlace, std::size_t> line_ids_;
  std::vector<Line> lines_;
  std::vector<Gone> gone_;
  std::map<ObjectId, Stop> stops_;
  std::priority_queue<std::pair<std::int64_t, ObjectId>> order_;  // newest first
};

}  // namespace homeostat
