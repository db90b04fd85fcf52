"""Sends what is meant for github.com to the stand-in: for programs that cannot be told another address."""
import os

import requests

_request = requests.Session.request


def request(self, method, url, *arguments, **options):
    return _request(self, method, url.replace("https://api.github.com", os.environ["STAND_IN"]), *arguments, **options)


requests.Session.request = request
