release "shop" {
  version        = "1.0.0"
  requird_version = ">= 0.1"
  notes          = "x"

  required_versions {
  }

  verison {
  }

  version {
    number = "1.0.0"
  }

  experiments {
  }
}
