locals {
  steps      = ["tag", "snapshot", "deploy"]
  beyond     = local.steps[3]
  before     = local.steps[-1]
  fraction   = local.steps[length(local.steps) / 2]
  of_a_word  = local.steps["tag"]
  of_a_set   = toset(local.steps)[0]
  of_a_text  = local.steps[0][0]
  of_nothing = [][0]
}
