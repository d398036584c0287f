"""Magento 2 (Open Source, Mage-OS, Adobe Commerce on premises) by its REST API, version 1."""
