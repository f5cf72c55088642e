# Reference values of R for the group tests; run: Rscript group_tests.R  (writes data/*.csv and group_tests.csv here).
# Packages: base, car, multcomp, coin, exactRankTests. All tests two-sided.
suppressPackageStartupMessages({library(car); library(coin); library(exactRankTests); library(MASS)})
out <- data.frame(case = character(), quantity = character(), value = character())
put <- function(case, ...) {
  v <- unlist(list(...))
  out <<- rbind(out, data.frame(case = case, quantity = names(v), value = sprintf("%.17g", as.numeric(v))))
}
dir.create("data", showWarnings = FALSE)
save_data <- function(name, d) {
  num <- vapply(d, is.numeric, TRUE)
  d[num] <- lapply(d[num], function(x) ifelse(is.na(x), "", sprintf("%.17g", x)))
  write.csv(d, file.path("data", paste0(name, ".csv")), row.names = FALSE, quote = FALSE)
}

noncentral_ci <- function(t, df) {       # interval of the noncentrality by inversion
  f <- function(target) uniroot(function(d) pt(t, df, d) - target, c(t - 12, t + 12), tol = 1e-13)$root
  c(low = f(0.975), high = f(0.025))
}
J <- function(df) exp(lgamma(df / 2) - lgamma((df - 1) / 2)) / sqrt(df / 2)

two <- function(case, x, y) {
  for (eq in c(TRUE, FALSE)) {
    r <- t.test(x, y, var.equal = eq)
    scale <- if (eq) sqrt(1 / length(x) + 1 / length(y)) else r$stderr / sqrt((var(x) + var(y)) / 2)
    nc <- noncentral_ci(r$statistic[[1]], r$parameter[[1]])
    put(paste(case, if (eq) "student" else "welch"), t = r$statistic[[1]], df = r$parameter[[1]], p = r$p.value,
        low = r$conf.int[1], high = r$conf.int[2], g = J(r$parameter[[1]]) * r$statistic[[1]] * scale,
        g_low = J(r$parameter[[1]]) * nc[["low"]] * scale, g_high = J(r$parameter[[1]]) * nc[["high"]] * scale)
  }
  g <- factor(rep(c("a", "b"), c(length(x), length(y)))); v <- c(x, y)
  for (centre in c("median", "mean")) {
    l <- leveneTest(v, g, center = centre)
    put(paste(case, "levene", centre), f = l[1, 2], p = l[1, 3])
  }
  for (m in c("exact", "normal", "plain")) {
    if (m == "exact" && anyDuplicated(v)) {
      w <- wilcox.exact(x, y, exact = TRUE)
      p <- pvalue(wilcox_test(v ~ g, distribution = "exact"))
      put(paste(case, "mw", m), u = w$statistic[[1]], p = as.numeric(p))
    } else {
      w <- suppressWarnings(wilcox.test(x, y, exact = m == "exact", correct = m == "normal", conf.int = m == "exact"))
      put(paste(case, "mw", m), u = w$statistic[[1]], p = w$p.value)
      if (m == "exact") put(paste(case, "mw", m), hl = w$estimate[[1]], low = w$conf.int[1], high = w$conf.int[2])
    }
  }
}
pairs_of <- function(case, x, y) {
  r <- t.test(x, y, paired = TRUE)
  nc <- noncentral_ci(r$statistic[[1]], r$parameter[[1]])
  s <- J(r$parameter[[1]]) / sqrt(length(x))
  put(paste(case, "paired"), t = r$statistic[[1]], df = r$parameter[[1]], p = r$p.value, low = r$conf.int[1],
      high = r$conf.int[2], g = s * r$statistic[[1]], g_low = s * nc[["low"]], g_high = s * nc[["high"]])
  d <- x - y
  tied <- any(d == 0) || anyDuplicated(abs(d))
  for (m in c("exact", "normal", "plain")) {
    if (m == "exact" && tied) {
      w <- wilcox.exact(x, y, paired = TRUE, exact = TRUE)
      put(paste(case, "sr", m), v = w$statistic[[1]], p = w$p.value)
    } else {
      w <- suppressWarnings(wilcox.test(x, y, paired = TRUE, exact = m == "exact", correct = m == "normal", conf.int = m == "exact"))
      put(paste(case, "sr", m), v = w$statistic[[1]], p = w$p.value)
      if (m == "exact") put(paste(case, "sr", m), hl = w$estimate[[1]], low = w$conf.int[1], high = w$conf.int[2])
    }
  }
}
many <- function(case, d, value, group) {
  v <- d[[value]]; g <- factor(d[[group]], levels = unique(d[[group]]))
  a <- anova(lm(v ~ g))
  put(paste(case, "anova"), f = a[1, 4], df1 = a[1, 1], df2 = a[2, 1], p = a[1, 5], eta = a[1, 2] / sum(a[, 2]))
  f <- a[1, 4]; d1 <- a[1, 1]; d2 <- a[2, 1]
  end <- function(target) { h <- function(n) pf(f, d1, d2, n) - target
    if (h(0) < 0) 0 else uniroot(h, c(0, 4 * f * d1 + 20), tol = 1e-13)$root }
  put(paste(case, "anova"), eta_low = { n <- end(0.95); n / (n + d1 + d2 + 1) }, eta_high = { n <- end(0.05); n / (n + d1 + d2 + 1) })
  w <- oneway.test(v ~ g)
  put(paste(case, "welch"), f = w$statistic[[1]], df1 = w$parameter[[1]], df2 = w$parameter[[2]], p = w$p.value)
  k <- kruskal.test(v, g)
  put(paste(case, "kruskal"), h = k$statistic[[1]], p = k$p.value)
  for (centre in c("median", "mean")) {
    l <- leveneTest(v, g, center = centre); put(paste(case, "levene", centre), f = l[1, 2], p = l[1, 3])
  }
  s <- shapiro.test(resid(lm(v ~ g))); put(paste(case, "shapiro"), w = s$statistic[[1]], p = s$p.value)
  tk <- TukeyHSD(aov(v ~ g))$g
  for (i in seq_len(nrow(tk))) put(paste(case, "tukey", rownames(tk)[i]), diff = tk[i, 1], low = tk[i, 2], high = tk[i, 3], p = tk[i, 4])
  # Dunnett by our own one-dimensional integrate() in R: an independent quadrature of the same double integral
  m <- tapply(v, g, mean); n <- tapply(v, g, length); df <- d2; s2 <- a[2, 3]
  lam <- sqrt(n[-1] / (n[-1] + n[1]))
  inside_s <- function(t, s) integrate(function(z) sapply(z, function(zz) dnorm(zz) * prod(
    pnorm((lam * zz + t * s) / sqrt(1 - lam^2)) - pnorm((lam * zz - t * s) / sqrt(1 - lam^2)))), -9, 9, rel.tol = 1e-12, subdivisions = 2000)$value
  inside <- function(t) integrate(function(s) sapply(s, function(ss)
    inside_s(t, ss) * 2 * df * ss * dchisq(df * ss^2, df)), sqrt(qchisq(1e-16, df) / df), sqrt(qchisq(1e-16, df, lower.tail = FALSE) / df), rel.tol = 1e-11, subdivisions = 2000)$value
  for (i in 2:length(m)) {
    t <- (m[[i]] - m[[1]]) / sqrt(s2 * (1 / n[[i]] + 1 / n[[1]]))
    put(paste(case, "dunnett", names(m)[i]), diff = m[[i]] - m[[1]], t = t, p = 1 - inside(abs(t)))
  }
}

save_data("sleep", sleep)
two("sleep", sleep$extra[sleep$group == 2], sleep$extra[sleep$group == 1])
pairs_of("sleep", sleep$extra[sleep$group == 2], sleep$extra[sleep$group == 1])
save_data("mtcars", mtcars)
two("mtcars", mtcars$mpg[mtcars$am == 1], mtcars$mpg[mtcars$am == 0])
# Hollander & Wolfe: depression (pairs) and tritiated water diffusion (two groups), as in ?wilcox.test
hw_pairs <- data.frame(first = c(1.83, .50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30),
                       second = c(.878, .647, .598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29))
save_data("depression", hw_pairs); pairs_of("depression", hw_pairs$second, hw_pairs$first)
hw_two <- data.frame(group = rep(c("at_term", "early"), c(10, 5)),
  value = c(.80, .83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, .73, 1.46, 1.15, .88, .90, .74, 1.21))
save_data("placenta", hw_two)
two("placenta", hw_two$value[1:10], hw_two$value[11:15])
save_data("anorexia", anorexia)
with(subset(anorexia, Treat == "FT"), pairs_of("anorexia", Postwt, Prewt))
shoes_d <- data.frame(A = shoes$A, B = shoes$B); save_data("shoes", shoes_d); pairs_of("shoes", shoes$B, shoes$A)

save_data("PlantGrowth", PlantGrowth); many("PlantGrowth", PlantGrowth, "weight", "group")
save_data("InsectSprays", InsectSprays); many("InsectSprays", InsectSprays, "count", "spray")
save_data("chickwts", chickwts); many("chickwts", chickwts, "weight", "feed")
save_data("iris", iris); many("iris", iris, "Sepal.Width", "Species")

p <- c(0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.000)
for (m in c("holm", "BH", "bonferroni")) put(paste("adjust", m), setNames(p.adjust(p, m), seq_along(p)))

tables <- list(tea = c(3, 1, 1, 3), job = NULL, convictions = c(2, 10, 15, 3), aspirin = c(189, 10845, 104, 10933), zero = c(0, 7, 6, 4),
               small = c(1, 9, 11, 3))
for (name in names(tables)) if (!is.null(tables[[name]])) {
  m <- matrix(tables[[name]], 2, byrow = TRUE)
  for (y in c(TRUE, FALSE)) { k <- suppressWarnings(chisq.test(m, correct = y)); put(paste("table", name, if (y) "yates" else "plain"), chi2 = k$statistic[[1]], p = k$p.value) }
  f <- fisher.test(m); put(paste("table", name, "fisher"), p = f$p.value, odds = f$estimate[[1]], low = f$conf.int[1], high = f$conf.int[2])
}
eye <- margin.table(HairEyeColor, c(1, 2)); k <- chisq.test(eye)
put("table eye plain", chi2 = k$statistic[[1]], p = k$p.value, df = k$parameter[[1]])
write.csv(as.data.frame.matrix(eye), "data/eye.csv", row.names = FALSE, quote = FALSE)

corr <- function(case, x, y) {
  r <- cor.test(x, y); put(paste(case, "pearson"), r = r$estimate[[1]], t = r$statistic[[1]], df = r$parameter[[1]], p = r$p.value, low = r$conf.int[1], high = r$conf.int[2])
  s <- suppressWarnings(cor.test(x, y, method = "spearman", exact = length(x) <= 9 && !anyDuplicated(x) && !anyDuplicated(y)))
  put(paste(case, "spearman"), rho = s$estimate[[1]], s = s$statistic[[1]], p = s$p.value)
}
save_data("cars", cars); corr("cars", cars$speed, cars$dist)
save_data("women", women); corr("women", women$height, women$weight)
tuna <- data.frame(x = c(44.4, 45.9, 41.9, 53.3, 44.7, 44.1, 50.7, 45.2, 60.1), y = c(2.6, 3.1, 2.5, 5.0, 3.6, 4.0, 5.2, 2.8, 3.8))
save_data("tuna", tuna); corr("tuna", tuna$x, tuna$y)
write.csv(out, "group_tests.csv", row.names = FALSE, quote = FALSE)
writeLines(c(R.version.string, paste(c("car", "coin", "exactRankTests", "MASS"), sapply(c("car", "coin", "exactRankTests", "MASS"), function(x) as.character(packageVersion(x))))), "group_tests.versions.txt")
