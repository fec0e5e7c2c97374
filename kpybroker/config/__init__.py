"""Every setting of Kafka as data: what a broker, a topic, a group may be told, what holds, and how it is described."""

from kpybroker.config.settings import Settings as Settings
from kpybroker.config.values import SettingError as SettingError
