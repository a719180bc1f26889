"""Forecast: boosted trees and logistic models, calibrated in log-odds, kept in bundles without pickle."""
