/* modules/lang/fasttext_shim.cc - see fasttext_shim.h. No exception leaves this file; a prediction
** keeps its state in the call, so that threads share a model. */
#include <cmath>
#include <cstdio>
#include <cstring>

extern "C" {
#include "lang/fasttext_shim.h"
}

#ifdef HAVE_FASTTEXT
#include <fasttext/fasttext.h>

#include <istream>
#include <new>
#include <streambuf>
#include <string>
#include <vector>

namespace {

struct Bytes : std::streambuf {
  Bytes(const char *ptr, size_t len) {
    char *p = const_cast<char *>(ptr);   // only ever read from
    setg(p, p, p + len);
  }
};

struct Model : fasttext::FastText {
  std::vector<std::string> labels;
  std::shared_ptr<const fasttext::Dictionary> words;

  void open(Span bytes) {
    Bytes buffer(bytes.ptr, bytes.len);
    std::istream in(&buffer);
    if (!checkModel(in)) throw std::invalid_argument("a format that the library does not know");
    loadModel(in);
    words = getDictionary();
    for (int i = 0; i < words->nlabels(); i++) labels.push_back(words->getLabel(i));
  }
};

bool is_blank(char c) { return c == ' ' || (c >= 9 && c <= 13) || c == '\0'; }

/* One line, as the library reads one: ended by the line feed that its models count as a word. A word
** "</s>" of the text would end the line before. */
std::string one_line(Span text) {
  static const std::string END = "</s>";
  std::string line(text.ptr, text.len);
  for (size_t at = line.find(END); at != std::string::npos; at = line.find(END, at + END.size())) {
    size_t behind = at + END.size();
    bool word = (at == 0 || is_blank(line[at - 1])) && (behind == line.size() || is_blank(line[behind]));
    if (word) line.replace(at, END.size(), END.size(), ' ');
  }
  for (char &c : line)
    if (is_blank(c)) c = ' ';
  return line += '\n';
}

}  // namespace

extern "C" int fasttext_shim_available(void) { return 1; }

extern "C" void *fasttext_shim_open(Span bytes, char *why, size_t size) {
  try {
    auto model = std::make_unique<Model>();
    model->open(bytes);
    return model.release();
  } catch (const std::exception &e) {
    std::snprintf(why, size, "%s", e.what());
  } catch (...) {
    std::snprintf(why, size, "the library refuses it");
  }
  return nullptr;
}

extern "C" void fasttext_shim_close(void *model) { delete static_cast<Model *>(model); }

extern "C" size_t fasttext_shim_labels(const void *model) { return static_cast<const Model *>(model)->labels.size(); }

extern "C" const char *fasttext_shim_label(const void *model, size_t i) {
  return static_cast<const Model *>(model)->labels[i].c_str();
}

extern "C" int fasttext_shim_predict(const void *model, Span text, size_t k, size_t *label, double *score) {
  const Model *m = static_cast<const Model *>(model);
  try {
    const std::string line = one_line(text);
    Bytes buffer(line.data(), line.size());
    std::istream in(&buffer);
    std::vector<int32_t> words, unused;
    fasttext::Predictions found;
    m->words->getLine(in, words, unused);
    if (words.empty()) return 0;
    m->predict(static_cast<int32_t>(k), words, found);
    int n = 0;
    for (const auto &f : found) {
      label[n] = static_cast<size_t>(f.second);
      score[n++] = std::exp(static_cast<double>(f.first));
    }
    return n;
  } catch (const std::bad_alloc &) {
    return -1;
  } catch (...) {
    return 0;
  }
}

#else

extern "C" int fasttext_shim_available(void) { return 0; }
extern "C" void *fasttext_shim_open(Span, char *why, size_t size) {
  std::snprintf(why, size, "no library");
  return nullptr;
}
extern "C" void fasttext_shim_close(void *) {}
extern "C" size_t fasttext_shim_labels(const void *) { return 0; }
extern "C" const char *fasttext_shim_label(const void *, size_t) { return ""; }
extern "C" int fasttext_shim_predict(const void *, Span, size_t, size_t *, double *) { return -1; }

#endif
