#include "specs/yaml.hpp"
