#include "specs/source.hpp"
